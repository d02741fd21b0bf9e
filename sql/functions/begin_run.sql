-- Opens a window: the ids after the watermark that nobody can add to any more, on every node.
create or replace function rollup.begin_run(rollup_name text, max_events bigint)
    returns rollup.run
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup.rollups;
    run rollup.run;
    states jsonb;
begin
    select * into r from rollup.rollups where name = rollup_name;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no rollup %I', rollup_name),
            hint = coalesce('There are: ' || (select string_agg(name, ', ' order by id) from rollup.rollups),
                            'None is declared yet; see rollup.create_rollup.');
    end if;
    -- Such a snapshot was taken before the wait below and would miss what ended during it.
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception using
            errcode = 'invalid_transaction_state',
            message = format('rollup %I cannot run at isolation level %s',
                             rollup_name, current_setting('transaction_isolation')),
            hint = 'Run it at read committed.';
    end if;
    if max_events < 1 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('max_events must be at least 1, not %s', max_events);
    end if;

    run.rollup := rollup_name;
    run.started_at := clock_timestamp();
    run.spans := '{}';
    run.events := 0;
    run.rows := 0;
    run.more := false;
    run.status := 'nothing new';

    -- Never queue behind another run: it counts the same events.
    if not pg_try_advisory_xact_lock(hashtextextended('rollup.run', r.id)) then
        run.status := 'busy';
        return run;
    end if;

    -- The watermark is read under the lock, in a statement of its own: one read before it could
    -- be that of the run before.
    select jsonb_object_agg(node_group, result::jsonb || jsonb_build_object('node', node))
      into states
      from rollup.on_each_node(format('select rollup.node_state(%L, %L)', r.source, r.id_sequence));
    select coalesce(array_agg(row(g.node_group, g.after_id, least(g.last_id, g.after_id + max_events))::rollup.span
                              order by g.node_group), '{}'),
           coalesce(bool_or(g.last_id > g.after_id + max_events), false)
      into run.spans, run.more
      from (select s.key::int as node_group,
                   (s.value ->> 'last_id')::bigint as last_id,
                   -- Each node's ids start at its group << 48.
                   coalesce(w.last_id, s.key::bigint << 48) as after_id
              from jsonb_each(states) s
              left join rollup.watermarks w on w.rollup = rollup_name and w.node_group = s.key::int) g
     where g.last_id > g.after_id;
    if run.spans = '{}' then
        return run;
    end if;

    perform rollup.wait_for_writers(rollup_name, r.source, r.id_sequence, states);
    run.status := 'done';
    -- Freeing one block of this size teaches glibc to keep memory it would otherwise return to
    -- the system after every group and fault in again: hll's states are 128 kB, just at its limit.
    perform length(repeat(' ', 4000000));
    return run;
end
$$;
comment on function rollup.begin_run(text, bigint) is
    'Internal. Takes a rollup''s run lock, waits for open writers and answers the spans of ids to '
    'count. Raises lock_not_available when put off.';
