-- Raw events are dropped only when every rollup has counted all of them. This is checked twice: before anything is
-- locked, and again under the lock, when no more events can arrive. The parent is locked first, as writers do; the
-- opposite order would deadlock with them. Events of the same age in the default partition, where back-dated
-- events are stored, are subject to the same rule.
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
    all_late text[] := '{}';
    dropped regclass[] := '{}';
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
        late := rollup_internal.uncounted_in_partition(source, old.partition, bounds);
        all_late := all_late || late;
        partition := old.partition;
        range_from := old.range_from;
        range_to := case when old.is_default then cutoff else old.range_to end;
        action := case
            when late <> '{}' then 'kept: ' || array_to_string(late, ', ')
            when old.is_default then case when dry_run then 'would delete rows' else 'rows deleted' end
            else case when dry_run then 'would drop' else 'dropped' end end;
        if late = '{}' and not dry_run then
            if old.is_default then
                -- Events that arrive in it meanwhile are not counted yet and are kept.
                execute format('delete from %s where %s', old.partition, rollup_internal.all_of(
                    old_conditions || array(select rollup_internal.counted_condition(r, in_statement => false)
                                              from rollup_internal.rollups r where r.source = expire.source)));
                get diagnostics events = row_count;
            else
                dropped := dropped || old.partition;
            end if;
        end if;
        return next;
    end loop;
    if dry_run then
        return;
    end if;

    if all_late = '{}' and dropped <> '{}' then
        perform rollup_internal.lock_with_retries(source);
        perform rollup_internal.require_none_in_doubt(source);
        for old in select d as partition from unnest(dropped) d loop
            all_late := all_late
                || rollup_internal.uncounted_in_partition(source, old.partition, tstzrange(null, null));
            execute format('drop table %s', old.partition);
        end loop;
    end if;
    if all_late = '{}' then
        perform rollup_internal.record_source_history(source, cutoff);
    else
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('nothing older than %s was dropped: %s', older_than, array_to_string(all_late, '; ')),
            hint = 'Run the rollups first: call rollup.run_all()';
    end if;
end
$$;
comment on function rollup.expire(regclass, interval, boolean) is
    'Drops the partitions of a source whose events are all older than an age, and such events of its default '
    'partition, provided every rollup has counted them; otherwise drops nothing and raises '
    'object_not_in_prerequisite_state. With dry_run, only lists them. Raises lock_not_available after '
    'rollup.max_wait.';
