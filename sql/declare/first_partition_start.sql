-- At most fifty partitions: older events, and events that are back-dated later, go to the default partition.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.first_partition_start(r rollup_internal.rollups)
    returns timestamptz
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
as $$
declare
    earliest timestamptz := (select s.covered_from from rollup_internal.sources s where s.source = r.source);
begin
    if earliest is null then
        execute format('select min(%I) from %s', r.time_column, r.source) into earliest;
    end if;
    return greatest(least(earliest, now()), now() - r.keep, now() - 50 * r.partition_interval);
end
$$;
comment on function rollup_internal.first_partition_start(rollup_internal.rollups) is
    'The time from which partitions are created when a rollup is declared.';
reset citus.enable_ddl_propagation;
