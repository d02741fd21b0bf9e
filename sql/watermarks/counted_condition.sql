-- A tail that is read in the statement itself belongs to the same snapshot as the rows that the statement reads.
-- Citus has no snapshot across nodes. There, and under the run lock, the tail is read beforehand and written as id
-- ranges, which can use an index.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.counted_condition(r rollup_internal.rollups, in_statement boolean)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if in_statement then
        return format('not exists (select from rollup_internal.tails t where t.rollup = %1$L'
                      ' and e.%2$I > t.after_id and e.%2$I <= t.through_id)'
                      ' and not exists (select from rollup_internal.set_aside s where s.rollup = %1$L'
                      ' and s.event_id = e.%2$I)', r.name, r.id_column);
    end if;
    return 'not ' || rollup_internal.uncounted_condition(r.name);
end
$$;
comment on function rollup_internal.counted_condition(rollup_internal.rollups, boolean) is
    'The condition for events e that a rollup has counted, evaluated now or when the statement runs.';
reset citus.enable_ddl_propagation;
