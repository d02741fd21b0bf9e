create or replace function rollup.find_sites()
    returns regclass
    language plpgsql
    stable
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    found_it constant regclass := to_regclass(rollup_internal.setting('rollup.sites_table'));
begin
    if found_it is null then
        raise exception using
            errcode = 'undefined_table',
            message = format('there is no table of sites, %s', rollup_internal.setting('rollup.sites_table')),
            hint = 'Create it with rollup.create_sites(), or rollupctl install --sites.';
    end if;
    return found_it;
end
$$;
comment on function rollup.find_sites() is
    'The table of sites: the setting rollup.sites_table, by default public.sites. Raises undefined_table if it has not '
    'been created.';
