-- An id range whose counting failed is divided until each failing event is alone. These are set aside, and all others are
-- counted. First an empty range is tried: what it raises too, such as a missing column, is not the fault of an event. Then
-- its parts are tried and rolled back (by add_counted), and finally the ranges between the failing events are counted. Where
-- an index row is too long, events of long keys are tried by themselves before.
-- Counting each part that does not fail at once would update the same rows again and again in one transaction, which no
-- vacuum could clean up: with many failing events that takes hundreds of times as long.
--
-- Where no part fails by itself, as when a sum overflows, halves are counted one after the other, until one event is left.
--
-- This costs nothing while no event fails. If very many events fail, the cause is unlikely to be the events: the run fails,
-- and nothing is counted.
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
    limit_of_run constant int := rollup_internal.setting('rollup.max_set_aside')::int;
    -- The range of a run of which this is a part. Ranges of a run may be neighbours, and a part may be empty: where it begins
    -- tells them apart.
    whole constant rollup_internal.id_range := (
        select i from unnest(run.id_ranges) i
         where i.rollups = ids.rollups and i.node_group = ids.node_group
           and i.after_id <= ids.after_id and i.through_id > ids.after_id);
    is_one_event constant boolean := ids.through_id - ids.after_id = 1;
    empty rollup_internal.id_range := row(ids.rollups, ids.node_group, ids.after_id, ids.after_id, null);
    first_part rollup_internal.id_range[] := case when ids = whole then array[empty] else '{}' end;
    failing bigint[];
begin
    if state = 'RU001' and ids.step = 'try' then
        return '{}';
    elsif state = 'RU001' then
        failing := array(
            select s.event_id from rollup_internal.set_aside s
             where s.rollup = r.name and s.last_tried_at >= run.started_at
               and s.event_id > whole.after_id and s.event_id <= whole.through_id
             order by 1);
        if ids.step = 'search' then
            empty.step := 'divide';
            return rollup_internal.ranges_between(whole, failing, 'try') || empty;
        end if;
        return case when failing = '{}' then rollup_internal.halve_id_range(whole, null)
                    else rollup_internal.ranges_between(whole, failing, null) end;
    elsif not is_one_event and ids <> whole then
        return rollup_internal.halve_id_range(ids, ids.step);
    elsif not is_one_event then
        perform rollup_internal.summarize_source(r.source);  -- otherwise each part would be read with all new blocks
        failing := case when state = '54000' then rollup_internal.events_of_long_keys(r, array_remove(array[
                            format('%I > %s', r.id_column, ids.after_id), format('%I <= %s', r.id_column, ids.through_id),
                            '(' || r.filter || ')'], null))
                        else '{}' end;
        empty.step := case failing when '{}' then 'divide' else 'search' end;
        return first_part || case when failing = '{}' then rollup_internal.halve_id_range(ids, 'try') else array(
                   select row(ids.rollups, ids.node_group, f - 1, f, 'try')::rollup_internal.id_range from unnest(failing) f) end
               || empty;
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
    return first_part;
end
$$;
comment on function rollup_internal.divide_failed(rollup_internal.run_state, rollup_internal.id_range, text, text) is
    'What comes next after an error in an id range, which sets a single event aside. Steps: try, to count a part and roll it '
    'back, search, to try the ranges between the events that failed, and divide, to count these.';
