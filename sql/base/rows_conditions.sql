-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.rows_conditions(
    r rollup_internal.rollups, bounds tstzrange, tenant text, table_alias text default null)
    returns text[]
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    prefix constant text := coalesce(table_alias || '.', '');
begin
    return array_remove(
        rollup_internal.bounds_conditions(concat(prefix, quote_ident(r.bucket_column)), bounds)
            || rollup_internal.tenant_condition(r, tenant, table_alias), null);
end
$$;
comment on function rollup_internal.rows_conditions(rollup_internal.rollups, tstzrange, text, text) is
    'The conditions that select the rows of a rollup whose buckets begin in a range, for one tenant or for all '
    '(NULL).';
reset citus.enable_ddl_propagation;
