-- Runs share the run lock of a rollup: they exclude one another by try_new_events_lock and by the parts of a backlog that
-- they claim. Changes of the declaration and recounts take it alone. A run never queues for it.
create or replace function rollup_internal.try_run_lock(names text[], is_shared boolean)
    returns boolean
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    is_mine boolean;
begin
    select bool_and(case when is_shared then pg_try_advisory_xact_lock_shared(hashtextextended('rollup.run', r.id))
                         else pg_try_advisory_xact_lock(hashtextextended('rollup.run', r.id)) end) into is_mine
      from rollup_internal.rollups r
     where r.name = any (names)
    having count(*) = cardinality(names);
    if is_mine is null then
        raise exception using
            errcode = 'undefined_object',
            message = format('one of the rollups %s was dropped meanwhile', array_to_string(names, ', ')),
            hint = 'Nothing was counted. Run the others again.';
    end if;
    return is_mine;
end
$$;
comment on function rollup_internal.try_run_lock(text[], boolean) is
    'Takes the run locks of rollups until the transaction ends, and returns whether all of them were free. '
    'Raises undefined_object when one of the rollups has been dropped.';
