create or replace function rollup_internal.view_name(target regclass, suffix text)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (select format('%I.%I', n.nspname, c.relname || '_' || suffix)
              from pg_class c
              join pg_namespace n on n.oid = c.relnamespace
             where c.oid = target);
end
$$;
comment on function rollup_internal.view_name(regclass, text) is
    'Qualified and quoted name of the view that belongs to a rollup''s table and ends in the given suffix.';
