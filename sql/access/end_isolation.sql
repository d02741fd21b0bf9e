create or replace function rollup.end_isolation(source regclass)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    r rollup_internal.rollups;
begin
    delete from rollup_internal.isolations i where i.source = source;
    if not found then
        return format('%s is not isolated', source);
    end if;
    perform rollup_internal.isolate_table(source, null);
    for r in select x.* from rollup_internal.rollups x where x.source = source order by x.id loop
        perform rollup_internal.create_views(r.name);
    end loop;
    return format('%s and its rollups show all tenants to each role that may read them', source);
end
$$;
comment on function rollup.end_isolation(regclass) is
    'Removes the row-level security that rollup.isolate has put on a source and its rollups.';
