-- Raw events are dropped only when every rollup has counted all of them. This is checked twice: before anything is
-- locked, and for events that have arrived since then again under the lock, when no more can arrive
-- (drop_partitions). Events of the same age in the default partition, where back-dated events are stored, are
-- subject to the same rule. If a rollup is behind, nothing is dropped: it has to be run first. Anything else, such as a
-- view on a partition or an event that was set aside, keeps its own partition only. That is an error if nothing could be
-- removed, because an error would undo what was.
--
-- (Citus passes times to its workers in the session's DateStyle, where 5 June with the day first would be read as
-- 6 May. DateStyle is therefore fixed here and wherever times are passed to shards.)
create or replace function rollup.expire(
    source regclass, older_than interval, dry_run boolean default false,
    out partition text, out range_from timestamptz, out range_to timestamptz,
    out events bigint, out bytes bigint, out action text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    cutoff constant timestamptz := now() - older_than;
    size_function constant text := case when rollup_internal.is_distributed(source)
        then 'citus_total_relation_size' else 'pg_total_relation_size' end;
    time_column name;
    old record;
    bounds tstzrange;
    old_conditions text[];
    late text[];
    last_seen jsonb;
    old_partitions jsonb[] := '{}';
    behind text[] := '{}';
    reasons text[] := '{}';
    states text[] := '{}';
    was_removed boolean := false;
    default_is_kept boolean := false;
    dropped_before timestamptz;
begin
    if older_than is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'the age must be longer than zero, not NULL',
            hint = 'For example interval ''30 days''.';
    end if;
    perform rollup_internal.validate_age(older_than);
    perform rollup_internal.require_read_committed(
        format('events of %s cannot expire', source), 'Expire them at read committed.');
    time_column := rollup_internal.partition_column(source);
    if time_column is null then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('%s is not partitioned by range of one timestamptz column', source),
            hint = 'Retention drops whole partitions and deletes rows of the default partition.';
    end if;
    if not dry_run and not pg_try_advisory_xact_lock(hashtextextended('rollup.expire', source::oid::bigint)) then
        raise exception using
            errcode = 'lock_not_available',
            message = format('events of %s are being expired by another session', source),
            hint = 'Nothing was changed. There is nothing to do if that one succeeds.';
    end if;

    -- The start of a partition must be known before it is dropped.
    if not dry_run then
        perform rollup_internal.record_source_history(source);
    end if;
    select jsonb_object_agg(r.name, rollup_internal.uncounted_condition(r.name, below_watermark => false)) into last_seen
      from rollup_internal.rollups r where r.source = expire.source;
    for old in
        select p.* from rollup.partitions(source) p where p.range_to <= cutoff or p.is_default
    loop
        -- Only old events of the default partition; all events of the other partitions are old.
        bounds := case when old.is_default then tstzrange(null, cutoff) else tstzrange(null, null) end;
        old_conditions := rollup_internal.bounds_conditions(quote_ident(time_column), bounds);
        execute format('select count(*) from %s where %s', old.partition, rollup_internal.all_of(old_conditions))
           into events;
        continue when old.is_default and events = 0;
        execute format('select %s(%L)', size_function, old.partition) into bytes;
        late := rollup_internal.uncounted_in_partition(source, old.partition, bounds, of_set_aside => false);
        behind := behind || late;
        if late = '{}' then
            late := rollup_internal.uncounted_in_partition(source, old.partition, bounds);
        end if;
        partition := old.partition;
        range_from := old.range_from;
        range_to := case when old.is_default then cutoff else old.range_to end;
        if late <> '{}' then
            action := 'kept: ' || array_to_string(late, ', ');
            reasons := reasons || late;
            states := states || 'set aside'::text;
            default_is_kept := default_is_kept or old.is_default;
        elsif dry_run then
            action := case when old.is_default then 'would delete rows' else 'would drop' end;
        elsif old.is_default then
            -- Events that arrive in it meanwhile are not counted yet and are kept.
            perform rollup_internal.identify_default_partition(source);
            execute format('delete from %s where %s', old.partition, rollup_internal.all_of(
                old_conditions || array(select rollup_internal.counted_condition(r, in_statement => false)
                                          from rollup_internal.rollups r where r.source = expire.source)));
            get diagnostics events = row_count;
            action := 'rows deleted';
            was_removed := true;
        else
            old_partitions := old_partitions || jsonb_build_object(
                'oid', old.partition::oid, 'name', partition, 'range_from', range_from, 'range_to', range_to,
                'events', events, 'bytes', bytes);
            continue;
        end if;
        return next;
    end loop;
    if dry_run then
        return;
    end if;

    if behind = '{}' then
        for partition, range_from, range_to, events, bytes, action, late in
            with attempts as materialized (
                select * from rollup_internal.drop_partitions(
                    source, array(select (o ->> 'oid')::oid::regclass from unnest(old_partitions) o), coalesce(last_seen, '{}'))
            )
            select o ->> 'name', (o ->> 'range_from')::timestamptz, (o ->> 'range_to')::timestamptz,
                   (o ->> 'events')::bigint, (o ->> 'bytes')::bigint, coalesce('kept: ' || d.reason, 'dropped'),
                   array[format('%s: %s', o ->> 'name', d.reason), d.sqlstate_kept]
              from unnest(old_partitions) with ordinality x (o, position)
              join attempts d on d.partition::oid = (o ->> 'oid')::oid
             order by position
        loop
            if action = 'dropped' then
                was_removed := true;
                dropped_before := greatest(dropped_before, range_to);
            else
                reasons := reasons || late[1];
                states := states || late[2];
                if late[2] = '55000' then
                    behind := behind || late[1];
                end if;
            end if;
            return next;
        end loop;
    end if;
    if behind <> '{}' then
        reasons := behind;
        states := '{55000}';
    end if;
    if behind <> '{}' or reasons <> '{}' and not was_removed then
        raise exception using
            errcode = case when states <@ '{55P03}' then 'lock_not_available' else 'object_not_in_prerequisite_state' end,
            message = format('nothing older than %s was dropped: %s', older_than, array_to_string(reasons, '; ')),
            hint = case when behind <> '{}' then 'Run the rollups first: call rollup.run_all()'
                        when 'set aside' = any (states) then 'See rollup.set_aside for the reasons, and rollup.retry_set_aside.'
                        else 'Nothing was changed. Try again when that is done.' end;
    end if;
    perform rollup_internal.record_source_history(source, case when default_is_kept then dropped_before else cutoff end);
end
$$;
comment on function rollup.expire(regclass, interval, boolean) is
    'Drops the partitions of a source whose events are all older than an age, and such events of its default '
    'partition, provided every rollup has counted them; otherwise drops nothing and raises '
    'object_not_in_prerequisite_state. A partition that must stay for another reason (an event that was set aside, an '
    'object that depends on it, its owner, a session that uses it) is returned with the action kept and the reason; the '
    'others go, and it is an error only if nothing could be removed. Raises lock_not_available when everything was in '
    'use for rollup.max_wait. With dry_run, only lists them.';
