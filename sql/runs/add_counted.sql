create or replace function rollup_internal.add_counted(
    run rollup_internal.run_state, ids rollup_internal.id_range, new_events bigint, new_rows bigint[])
    returns rollup_internal.run_state
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if ids.step is not null then
        raise exception using errcode = 'RU001', message = 'what was only tried is rolled back';
    end if;
    for n in 1 .. cardinality(run.rollups) loop
        if run.rollups[n] = any (ids.rollups) then
            run.events[n] := run.events[n] + new_events;
            run.rows[n] := run.rows[n] + new_rows[n];
        end if;
    end loop;
    return run;
end
$$;
comment on function rollup_internal.add_counted(
    rollup_internal.run_state, rollup_internal.id_range, bigint, bigint[]) is
    'The state of a run after an id range: adds events and rows for each rollup that had not counted the range. Raises RU001 '
    'for a step of rollup_internal.divide_failed.';
