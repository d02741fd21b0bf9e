-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_analytics_internal.ranges_text(r rollup_internal.rollups, ranges tstzmultirange)
    returns text
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(string_agg(format('(%s)', rollup_internal.all_of(rollup_internal.rows_conditions(r, u.part, null))), ' or '), 'false')
      from unnest(ranges) u (part);
$$;
comment on function rollup_analytics_internal.ranges_text(rollup_internal.rollups, tstzmultirange) is
    'The condition that selects the rows of a rollup whose buckets begin in one of some ranges.';
reset citus.enable_ddl_propagation;
