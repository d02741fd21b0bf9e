-- A time that is not known leaves no condition in the plan. Where the table has no partitions by time, it is of no use.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.new_events_conditions(r rollup_internal.rollups)
    returns text[]
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return array_remove(array[format('%I > ids.after_id', r.id_column), format('%I <= ids.through_id', r.id_column),
                              case when rollup_internal.partition_column(r.source) = r.time_column
                                   then format('(run.from_time is null or %I >= run.from_time)', r.time_column) end,
                              '(' || r.filter || ')'], null);
end
$$;
comment on function rollup_internal.new_events_conditions(rollup_internal.rollups) is
    'The conditions that select the events of an id range, which is the variable ids of a counting function, as run is.';
reset citus.enable_ddl_propagation;
