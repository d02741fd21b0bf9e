-- PostgreSQL may evaluate the filter first, and the filter may raise an error for an event that the other conditions
-- exclude. With is_guarded it cannot; this costs time for each event.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.counted_events_conditions(
    r rollup_internal.rollups, bounds tstzrange, tenant text, in_statement boolean default false,
    is_guarded boolean default false)
    returns text[]
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    conditions constant text[] := array_remove(
        rollup_internal.counted_condition(r, in_statement)
            || rollup_internal.bounds_conditions(quote_ident(r.time_column), bounds)
            || rollup_internal.tenant_condition(r, tenant), null);
    filter constant text := rollup_internal.filter_condition(r, of_set_aside => false);
begin
    if filter is null then
        return conditions;
    elsif is_guarded then
        return conditions || format('case when %s then %s else false end', array_to_string(conditions, ' and '), filter);
    end if;
    return conditions || filter;
end
$$;
comment on function rollup_internal.counted_events_conditions(rollup_internal.rollups, tstzrange, text, boolean, boolean) is
    'The conditions that select the events that a rollup has counted, in a time range, for one tenant or for all '
    '(NULL).';
reset citus.enable_ddl_propagation;
