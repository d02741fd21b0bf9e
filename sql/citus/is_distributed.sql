create or replace function rollup_internal.is_distributed(relation regclass)
    returns boolean
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    found_it boolean := false;
begin
    -- Without citus the catalog does not exist, so that this must not be planned there.
    if rollup_internal.extension_schema('citus') is not null then
        execute 'select exists (select from pg_dist_partition where logicalrelid = $1)'
           into found_it using relation;
    end if;
    return found_it;
end
$$;
comment on function rollup_internal.is_distributed(regclass) is 'Whether Citus shards the table.';
