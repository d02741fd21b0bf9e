-- Not asked for tables whose partitions the package creates: an owner may have no right to pg_partman's tables.
create or replace function rollup_internal.is_partman_managed(relation regclass)
    returns boolean
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
declare
    found_it boolean := false;
begin
    if rollup_internal.extension_schema('pg_partman') is not null and rollup_internal.declared_width(relation) is null then
        execute format('select exists (select from %I.part_config where parent_table = $1)',
                       rollup_internal.extension_schema('pg_partman')) into found_it using relation::text;
    end if;
    return found_it;
end
$$;
comment on function rollup_internal.is_partman_managed(regclass) is
    'Whether pg_partman manages the partitions of a table.';
