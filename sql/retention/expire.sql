-- Raw events are dropped only when every rollup has counted all of them: a partition for which that is not true, or
-- which other objects depend on, stays, and the others go. Events of the same age in the default partition, where
-- back-dated events are stored, are subject to the same rule.
--
-- (Citus passes times to its workers in the session's DateStyle, where 5 June with the day first would be read as
-- 6 May. DateStyle is therefore fixed here and wherever times are passed to shards.)
create or replace function rollup.expire(
    source regclass, older_than interval, dry_run boolean default false, max_partitions int default null,
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
    time_column name;
    old record;
    obstacles text[];
    all_obstacles text[] := '{}';
    uncounted boolean := false;
    removed boolean := false;
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
        select * from rollup_internal.expirable_partitions(source, cutoff, case when not dry_run then max_partitions end)
    loop
        partition := old.partition;
        range_from := old.range_from;
        range_to := old.range_to;
        events := old.events;
        bytes := old.bytes;
        obstacles := old.late;
        action := case when old.is_default then 'delete rows' else 'drop' end;
        if obstacles = '{}' and not dry_run then
            if old.is_default then
                -- Events that arrive in it meanwhile are not counted yet and are kept.
                execute format('delete from %s where %s', old.partition, rollup_internal.all_of(
                    rollup_internal.bounds_conditions(quote_ident(time_column), tstzrange(null, cutoff))
                    || array(select rollup_internal.counted_condition(r, in_statement => false)
                               from rollup_internal.rollups r where r.source = expire.source)));
                get diagnostics events = row_count;
            else
                obstacles := rollup_internal.drop_expired_partition(source, old.partition);
            end if;
        end if;
        action := case
            when obstacles <> '{}' then 'kept: ' || array_to_string(obstacles, ', ')
            when dry_run then 'would ' || action
            when old.is_default then 'rows deleted'
            else 'dropped' end;
        removed := removed or obstacles = '{}';
        uncounted := uncounted or old.late <> '{}';
        all_obstacles := all_obstacles || obstacles;
        return next;
    end loop;
    if dry_run then
        return;
    end if;
    if not removed and all_obstacles <> '{}' then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('nothing older than %s was dropped: %s', older_than, array_to_string(all_obstacles, '; ')),
            hint = case when uncounted then 'Run the rollups first: call rollup.run_all()'
                        else format('Drop what depends on the partition, or detach it: alter table %s detach partition %s',
                                    source, partition) end;
    end if;
    perform rollup_internal.record_source_history(source, cutoff);
end
$$;
comment on function rollup.expire(regclass, interval, boolean, int) is
    'Drops the partitions of a source whose events are all older than an age, and deletes such events of its default '
    'partition, provided every rollup has counted them; max_partitions bounds how many go in this transaction, whose '
    'lock others wait for. A partition that is in use, or holds events not counted yet, is kept, and action says why. '
    'If nothing else was to be removed, raises object_not_in_prerequisite_state. With dry_run, only lists them. Raises '
    'lock_not_available after rollup.max_wait.';
