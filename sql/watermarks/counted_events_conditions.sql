-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.counted_events_conditions(
    r rollup_internal.rollups, bounds tstzrange, tenant text, in_statement boolean default false)
    returns text[]
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return array_remove(
        rollup_internal.counted_condition(r, in_statement)
            || rollup_internal.bounds_conditions(quote_ident(r.time_column), bounds)
            || array[rollup_internal.tenant_condition(r, tenant),
                     rollup_internal.filter_condition(r, of_set_aside => false)], null);
end
$$;
comment on function rollup_internal.counted_events_conditions(rollup_internal.rollups, tstzrange, text, boolean) is
    'The conditions that select the events that a rollup has counted, in a time range, for one tenant or for all '
    '(NULL).';
reset citus.enable_ddl_propagation;
