-- Deletes a range of a rollup and counts it again from raw events up to the watermark, in one transaction: readers
-- see either the old rows or the new ones, and events above the watermark are left to the next run. A row
-- without events is not necessarily wrong: the events may have been purged on purpose. Nothing is rebuilt if such rows
-- would be removed, unless the loss is accepted. (Its SET clauses come from set_counting_settings.sql.)
create or replace function rollup.rebuild(
    rollup_name text, range_from timestamptz default null, range_to timestamptz default null,
    tenant text default null, accept_loss boolean default false, out events bigint, out rows_before bigint, out rows_after bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    r rollup_internal.rollups;
    bounds tstzrange;
    missing tstzmultirange;
    events_conditions text[];
    lost_text text;
    delete_text text;
    insert_text text;
    count_text text;
    would_lose bigint;
    failing bigint;
    reason text;
    newly_set_aside int := 0;
    is_guarded boolean := false;
begin
    r := rollup_internal.get_rollup(rollup_name);
    perform rollup_internal.require_same_tables(r);
    tenant := rollup_internal.parse_tenant(r, tenant);
    perform rollup_internal.require_read_committed(format('rollup %I cannot be rebuilt', rollup_name));
    bounds := rollup_internal.align_to_buckets(r.bucket, r.time_zone, range_from, range_to);
    -- While the locks are held, neither rows nor events expire.
    perform rollup_internal.wait_for_run_lock(rollup_name);
    perform rollup_internal.block_expiry(r.source);
    r := rollup_internal.get_rollup(rollup_name);  -- it may have been altered meanwhile
    missing := rollup.missing_ranges(r.source) * tstzmultirange(bounds);
    if not isempty(missing) then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('rollup %I cannot be rebuilt for times whose raw events were dropped', rollup_name),
            detail = format('Dropped: %s.', missing),
            hint = format('Nothing was changed. Rebuild from a time on: from %s.',
                          coalesce(upper(missing)::text, 'after them'));
    end if;
    if r.expired_before is not null and (lower(bounds) is null or lower(bounds) < r.expired_before) then
        perform rollup_internal.move_expiry_back(r, bounds, tenant);
    end if;

    perform rollup_internal.apply_counting_settings(r);
    -- The range consists of whole buckets, so its bounds apply to the events too. An event that was changed so that it
    -- can no longer be counted is set aside, as in a run.
    -- The statements are written before the block that executes them: see failing_event.sql.
    loop
        events_conditions := rollup_internal.counted_events_conditions(r, bounds, tenant, is_guarded => is_guarded);
        lost_text := rollup_internal.rows_without_events_text(r, bounds, tenant, events_conditions);
        delete_text := format('delete from %s where %s', r.target,
                              rollup_internal.all_of(rollup_internal.rows_conditions(r, bounds, tenant)));
        insert_text := rollup_internal.insert_select_text(r, events_conditions);
        count_text := format('select count(*) from %s where %s', r.source, rollup_internal.all_of(events_conditions));
        begin
            if not accept_loss then
                execute lost_text into would_lose;
                if would_lose > newly_set_aside then  -- an event that was set aside is not lost
                    raise exception using
                        errcode = 'object_not_in_prerequisite_state',
                        message = format('rebuilding rollup %I would remove %s rows whose raw events no longer exist', rollup_name, would_lose),
                        hint = format('Nothing was changed. If the events were purged on purpose: select rollup.declare_purged(%L, from, to). '
                                      'To remove the rows, add accept_loss => true.', r.source::text);
                end if;
            end if;
            execute delete_text;
            get diagnostics rows_before = row_count;
            execute insert_text;
            get diagnostics rows_after = row_count;
            execute count_text into events;
            exit;
        exception
            when object_not_in_prerequisite_state then
                raise;
            when others or assert_failure then
                if is_guarded then
                    reason := sqlerrm;
                    failing := rollup_internal.failing_event(r, bounds, tenant, '{}', sqlstate, reason);
                    newly_set_aside := newly_set_aside + 1;
                    if failing is null or newly_set_aside > 100 then
                        raise;
                    end if;
                    perform rollup_internal.set_event_aside(array[r.name], failing, sqlstate, reason);
                end if;
                is_guarded := true;
        end;
    end loop;
    if rollup_internal.record_completeness(rollup_name, bounds, tenant) and tenant is null then
        perform rollup_internal.comment_on_measures(rollup_name);
    end if;
end
$$;
comment on function rollup.rebuild(text, timestamptz, timestamptz, text, boolean) is
    'Counts the buckets that a range touches (all by default) again from raw events, for one tenant or all. Events that '
    'were changed and can no longer be counted are set aside. Returns events counted, rows deleted, rows written. Raises object_not_in_prerequisite_state where raw '
    'events were dropped, the rollup''s rows have expired or, unless accept_loss, rows have no events any more, lock_not_available when a run takes longer than '
    'rollup.max_wait.';
