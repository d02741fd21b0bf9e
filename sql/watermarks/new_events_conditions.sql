-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.new_events_conditions(r rollup_internal.rollups)
    returns text[]
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return array_remove(array[format('%I > ids.after_id', r.id_column), format('%I <= ids.through_id', r.id_column),
                              '(' || r.filter || ')'], null);
end
$$;
comment on function rollup_internal.new_events_conditions(rollup_internal.rollups) is
    'The conditions that select the events of an id range, which is the variable ids of a counting function.';
reset citus.enable_ddl_propagation;
