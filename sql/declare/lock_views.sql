-- Readers lock a view before the tables that it reads. Changes to both must do so too: a reader who holds the view
-- and waits for the table would otherwise make each attempt fail. LOCK TABLE would lock the tables of a view as well, the
-- events among them; resetting an option that is not set locks the view only.
create or replace function rollup_internal.lock_views(target regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    view regclass;
begin
    for view in
        select v from unnest('{live,bi}'::text[]) suffix
         cross join to_regclass(rollup_internal.view_name(target, suffix)) v
         where v is not null
    loop
        execute format('alter view %s reset (check_option)', view);
    end loop;
end
$$;
comment on function rollup_internal.lock_views(regclass) is
    'Locks the views of a rollup''s table, which are about to change with it, for the rest of the transaction.';
