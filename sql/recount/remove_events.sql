-- Events and rows change in one transaction, so that readers see the events in both or in neither. The run locks come
-- first: a run that has read events of the range has then committed, and the next one sees the range without them.
--
-- rollup.rebuild has to remove the rows whose events go now, so it is told to accept a loss. What it would remove besides
-- is looked for before: rows whose events were gone already are kept, and nothing is removed.
create or replace function rollup_internal.remove_events(
    source regclass, events_conditions text[], bounds tstzrange, out removed bigint, out counted_again jsonb)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    r rollup_internal.rollups;
    touched record;
    touched_bounds tstzrange;
    to_rebuild jsonb[] := '{}';
    range jsonb;
    lost bigint;
    rebuilt record;
    conditions text[];
begin
    counted_again := '{}';
    perform rollup_internal.require_read_committed(format('events of %s cannot be removed', source));
    perform rollup_internal.wait_for_run_lock(x.name) from (
        select y.name from rollup_internal.rollups y where y.source = remove_events.source order by y.id) x;
    perform rollup_internal.block_expiry(source);
    for r in select * from rollup_internal.rollups x where x.source = remove_events.source order by x.id loop
        perform rollup_internal.require_same_tables(r);
        conditions := events_conditions || rollup_internal.bounds_conditions(quote_ident(r.time_column), bounds);
        for touched in select * from rollup_internal.touched_ranges(r, conditions) loop
            touched_bounds := tstzrange(touched.range_from, touched.range_to);
            execute rollup_internal.rows_without_events_text(
                        r, touched_bounds, touched.tenant,
                        rollup_internal.counted_events_conditions(r, touched_bounds, touched.tenant, is_guarded => true))
               into lost;
            if lost > 0 then
                raise exception using
                    errcode = 'object_not_in_prerequisite_state',
                    message = format('rollup %I has %s rows from %s to %s whose raw events no longer exist', r.name, lost,
                                     touched.range_from, touched.range_to),
                    detail = 'They would be lost, because these buckets are counted again without the events that are removed.',
                    hint = format('Nothing of this range was removed. See rollup.verify(%L).', r.name);
            end if;
            to_rebuild := to_rebuild || jsonb_build_object('rollup', r.name, 'tenant', touched.tenant,
                                                     'from', touched.range_from, 'to', touched.range_to);
        end loop;
    end loop;
    -- Without a rollup there is no time column, and no bounds.
    perform rollup_internal.ignore_changes(true);  -- they are counted again here
    execute format('delete from %s where %s', source, rollup_internal.all_of(coalesce(conditions, events_conditions)));
    get diagnostics removed = row_count;
    perform rollup_internal.ignore_changes(false);
    foreach range in array to_rebuild loop
        select * into rebuilt from rollup.rebuild(range ->> 'rollup', (range ->> 'from')::timestamptz, (range ->> 'to')::timestamptz,
                               range ->> 'tenant', accept_loss => true);
        counted_again := counted_again || jsonb_build_object(range ->> 'rollup', jsonb_build_object(
            'rows_before', coalesce((counted_again -> (range ->> 'rollup') ->> 'rows_before')::bigint, 0) + rebuilt.rows_before,
            'rows_after', coalesce((counted_again -> (range ->> 'rollup') ->> 'rows_after')::bigint, 0) + rebuilt.rows_after));
    end loop;
end
$$;
comment on function rollup_internal.remove_events(regclass, text[], tstzrange) is
    'Deletes the events of a source that meet conditions and whose times are in a range, and counts the buckets that they were '
    'counted in again. Returns their number, and for each rollup its rows in these buckets before and after. Raises '
    'object_not_in_prerequisite_state, like rollup.rebuild, where these buckets cannot be counted again.';
