-- Determines a window: for each node, the ids above the watermark that no transaction can add any more.
--
-- The function that counts has plans made for the actual ids; everything else here and in finish_run is planned once for
-- a session.
create or replace function rollup_internal.begin_run(
    names text[], max_events bigint, revisions int[] default null, settings jsonb default '{}')
    returns rollup_internal.run_state
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
declare
    r rollup_internal.rollups;
    run rollup_internal.run_state;
    states jsonb;
    writers text[];
    counts_new boolean;
    set_aside rollup_internal.id_range[] := '{}';
begin
    r := rollup_internal.get_rollup(names[1]);
    perform rollup_internal.require_same_tables(x) from rollup_internal.rollups x where x.name = any (names);
    perform rollup_internal.require_read_committed(
        format('rollup %I cannot be run', r.name), 'Run it at read committed.');
    if max_events < 1 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('max_events must be at least 1, not %s', max_events);
    end if;

    run.rollups := names;
    run.started_at := clock_timestamp();
    run.as_of := run.started_at;
    run.id_ranges := '{}';
    run.events := array_fill(0::bigint, array[cardinality(names)]);
    run.rows := run.events;
    run.more := false;
    run.status := 'nothing new';

    if not rollup_internal.try_run_lock(names, is_shared => true) then
        run.status := 'busy';
        return run;
    end if;
    -- A rollup was altered after the calling function was looked up, which lacks the new measures.
    if exists (select from unnest(names) with ordinality n (name, position) join rollup_internal.rollups x using (name)
                where x.revision <> coalesce(revisions[n.position], 0)) then
        run.status := 'busy';
        return run;
    end if;

    -- The watermarks are read under the lock, in a separate statement: an earlier snapshot could show
    -- those of the previous run.
    counts_new := rollup_internal.try_new_events_lock(names);
    states := rollup_internal.read_node_states(r.source, r.id_sequence) || rollup_internal.removed_node_states(names);
    perform rollup_internal.require_ids_ahead(names, states);
    run.last_ids := states;
    select * into run.id_ranges, run.more from rollup_internal.pending_id_ranges(names, states, max_events, counts_new);
    if counts_new then
        set_aside := rollup_internal.set_aside_due(names);
    end if;
    if run.id_ranges = '{}' and set_aside = '{}' then
        run.status := case when counts_new then run.status else 'busy' end;
        return run;
    end if;

    select * into states, writers from rollup_internal.wait_for_writers(r.source, r.id_sequence, states);
    if writers <> '{}' then
        -- Ids handed out before these writers began can still be counted.
        select s.id_ranges, h.taken_at, h.last_ids into run.id_ranges, run.as_of, run.last_ids
          from rollup_internal.settled_horizon(r.source, states) h,
               rollup_internal.pending_id_ranges(names, h.last_ids, max_events, counts_new) s;
        run.more := false;
        run.id_ranges := coalesce(run.id_ranges, '{}');
        if run.id_ranges = '{}' and set_aside = '{}' then
            perform rollup_internal.raise_deferred(names, r.source, states, writers, run.started_at);
        end if;
    end if;
    run.id_ranges := run.id_ranges || set_aside;
    perform rollup_internal.wait_for_orphaned_writers(names, r.source);
    run.status := 'done';
    perform set_config(s.key, s.value, true) from jsonb_each_text(settings) s;
    perform rollup_internal.propagate_settings();
    -- Takes longer than counting a few events.
    if (select sum(i.through_id - i.after_id) from unnest(run.id_ranges) i) > 1000 then
        perform rollup_internal.keep_memory();
    end if;
    -- A Citus node commits connection by connection. Through a single one the rows of all its shards and the tail
    -- change atomically for every reader of a live view there. (See rollup_internal.function_settings.)
    if rollup_internal.is_distributed(r.source) then
        perform set_config('citus.max_adaptive_executor_pool_size',
                           rollup_internal.setting('rollup.connections_per_node'), true);
    end if;
    if set_aside = '{}' then
        run.from_time := rollup_internal.first_event_time(r, run.id_ranges);
    end if;
    return run;
end
$$;
comment on function rollup_internal.begin_run(text[], bigint, int[], jsonb) is
    'Shares the rollups'' run locks, waits for open writers, applies settings that the function cannot have and returns '
    'the id ranges to count, at most max_events ids for each node. Raises lock_not_available when the run is deferred.';
