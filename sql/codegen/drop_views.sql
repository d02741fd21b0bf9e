create or replace function rollup_internal.drop_views(target regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    suffix text;
begin
    -- The views of a dropped table no longer exist either.
    foreach suffix in array '{bi,live}'::text[] loop
        if rollup_internal.view_name(target, suffix) is not null then
            execute format('drop view if exists %s', rollup_internal.view_name(target, suffix));
        end if;
    end loop;
end
$$;
comment on function rollup_internal.drop_views(regclass) is 'Removes the views of a rollup''s table.';
