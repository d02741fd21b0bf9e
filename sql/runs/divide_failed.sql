-- An id range whose counting failed is halved until the failing event is alone. That event is set aside, and all
-- others are counted. Before that, an empty range is tried: what it raises too, such as a missing column, is not the
-- fault of an event. This costs nothing while no event fails. If very many events fail, the cause is unlikely to
-- be the events: the run fails, and nothing is counted.
create or replace function rollup_internal.divide_failed(
    run rollup_internal.run_state, ids rollup_internal.id_range, state text, said text)
    returns rollup_internal.id_range[]
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
as $$
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(ids.rollups[1]);
    limit_of_run constant int := rollup.setting('rollup.max_set_aside')::int;
    middle constant bigint := ids.after_id + (ids.through_id - ids.after_id) / 2;
    empty_range rollup_internal.id_range[] := '{}';
begin
    if ids = any (run.id_ranges) then
        perform rollup_internal.summarize_source(r.source);  -- otherwise each part would be read with all new blocks
        empty_range := array[row(ids.rollups, ids.node_group, ids.after_id, ids.after_id)::rollup_internal.id_range];
    end if;
    if middle > ids.after_id then
        return empty_range || array[row(ids.rollups, ids.node_group, ids.after_id, middle)::rollup_internal.id_range,
                     row(ids.rollups, ids.node_group, middle, ids.through_id)::rollup_internal.id_range];
    end if;
    perform rollup_internal.set_event_aside(ids.rollups, ids.through_id, state, said);
    if (select count(*) from rollup_internal.set_aside s
         where s.rollup = ids.rollups[1] and s.last_tried_at >= run.started_at) > limit_of_run then
        raise exception using
            errcode = state,
            message = said,
            detail = format('More than %s events of one run of rollup %I cannot be counted (rollup.max_set_aside).',
                            limit_of_run, r.name),
            hint = 'Nothing was counted. Correct what the events have in common: the declaration, the table, or the source.';
    end if;
    return empty_range;
end
$$;
comment on function rollup_internal.divide_failed(rollup_internal.run_state, rollup_internal.id_range, text, text) is
    'What is to be tried of an id range after an error: first an empty range, then its halves, or nothing for a '
    'single event, which is set aside.';
