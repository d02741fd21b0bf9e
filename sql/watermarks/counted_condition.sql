-- Read in the statement itself, the tail is of the same moment as the rows that the statement reads. Citus has no
-- such moment; there, and under the run lock, the tail is known beforehand, and as ranges of ids an index serves it.
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
    'The condition that is true of events e that a rollup has counted, now or when the statement reads it.';
reset citus.enable_ddl_propagation;
