-- Dropping a partition locks its parents and the default partition as well, so that every writer and reader queues
-- behind an attempt. An attempt therefore waits for a short time only, and gives all its locks back unless it
-- succeeds. What may take long, comparing all events of the partition with the watermarks, is done before
-- (last_seen holds the tails of that moment). Under the locks only events above those tails are looked for, by the
-- index on the id: an event that has arrived since then has such an id.
--
-- The table is locked first, as writers do; the opposite order would deadlock with them. A partition that cannot
-- be dropped keeps none of the others. After the first drop the table is locked until the transaction ends, so
-- from then on nothing is waited for. A table that is no partition any more by then, because somebody has detached or
-- dropped it, is left out.
create or replace function rollup_internal.drop_partitions(
    relation regclass, partitions regclass[], last_seen jsonb, waits boolean default true, archived jsonb default '{}',
    out partition regclass, out reason text, out sqlstate_kept text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set lock_timeout = 0
as $$
declare
    max_wait constant interval := case when waits then rollup_internal.wait_limit() else '0' end;
    deadline constant timestamptz := clock_timestamp() + max_wait;
    seqscan_before constant text := current_setting('enable_seqscan');
    default_partition constant regclass := (select nullif(t.partdefid, 0) from pg_partitioned_table t where t.partrelid = relation);
    remaining regclass[] := partitions;
    kept jsonb := '{}';
    dropped int := 0;
    is_free boolean := false;
    below regclass;
    late text[];
    message text;
    detail text;
begin
    set local citus.propagate_set_commands = 'local';
    foreach partition in array partitions loop
        select k.sqlstate_kept, k.reason into sqlstate_kept, reason
          from rollup_internal.kept_reason(relation, partition, last_seen is not null) k;
        if reason is not null then
            remaining := array_remove(remaining, partition);
            return next;
        end if;
    end loop;
    while remaining <> '{}' loop
        foreach partition in array remaining loop
            begin
                execute format('set local lock_timeout = %L', case when dropped = 0 then '50ms' else '1ms' end);
                execute format('lock table only %s in access exclusive mode', relation);
                is_free := true;
                if not exists (select from rollup.partitions(relation) p where p.partition = drop_partitions.partition) then
                    remaining := array_remove(remaining, partition);
                    continue;
                end if;
                execute format('lock table %s in access exclusive mode',
                               concat_ws(', ', case when default_partition <> partition then default_partition end, partition));
                if last_seen is not null then
                    perform rollup_internal.require_none_in_doubt(relation);
                    perform rollup_internal.collect_changes(waits => true);
                    perform set_config('enable_seqscan', 'off', true);
                    late := rollup_internal.uncounted_in_partition(relation, partition, tstzrange(null, null), last_seen);
                    perform set_config('enable_seqscan', seqscan_before, true);
                    if late <> '{}' then
                        raise exception using
                            errcode = 'object_not_in_prerequisite_state',
                            message = array_to_string(late, ', ');
                    end if;
                end if;
                perform rollup_internal.require_archived(relation, partition, 'true', archived -> partition::oid::text);
                execute format('drop table %s', partition);
                -- Sessions go on with the former bounds of partitions below a default partition, and would reject rows
                -- of the range, unless the description of these tables changes too.
                for below in
                    select t.relid::regclass from pg_partition_tree(default_partition) t join pg_class c on c.oid = t.relid
                     where t.isleaf and t.level > 0 and c.relkind = 'r'
                loop
                    execute format('alter table %s reset (fillfactor)', below);
                end loop;
                dropped := dropped + 1;
                remaining := array_remove(remaining, partition);
                kept := kept - partition::oid::text;
                reason := null;
                sqlstate_kept := null;
                return next;
            exception
                when lock_not_available or deadlock_detected or internal_error then
                    if not rollup_internal.is_lock_failure(sqlstate, sqlerrm) then
                        raise;
                    end if;
                    kept := kept || jsonb_build_object(partition::oid::text, jsonb_build_array(
                        '55P03', rollup_internal.in_use_text(partition)));
                when dependent_objects_still_exist or insufficient_privilege or object_not_in_prerequisite_state
                    or object_in_use then
                    get stacked diagnostics sqlstate_kept = returned_sqlstate, message = message_text, detail = pg_exception_detail;
                    remaining := array_remove(remaining, partition);
                    kept := kept || jsonb_build_object(partition::oid::text, jsonb_build_array(sqlstate_kept, case sqlstate_kept
                        when '2BP01' then format('%s: alter table %s detach partition %s keeps it as a table of its own',
                                                 split_part(detail, E'\n', 1), relation, partition)
                        when '42501' then format('%s: alter table %s owner to %I', message, partition, current_user)
                        else message end));
            end;
        end loop;
        exit when dropped > 0 or clock_timestamp() >= deadline;
        perform pg_sleep(0.2);
    end loop;
    set local lock_timeout = 0;
    if not is_free and cardinality(remaining) > 0 then
        raise exception using
            errcode = 'lock_not_available',
            message = format('%s is in use: no lock on it within %ss', relation,
                             trim_scale(round(extract(epoch from rollup_internal.wait_limit()), 3))),
            hint = 'Nothing was changed. Try again when the longest transaction on it has ended.';
    end if;
    for partition, sqlstate_kept, reason in
        select k.key::oid::regclass, k.value ->> 0, k.value ->> 1 from jsonb_each(kept) k
    loop
        return next;
    end loop;
end
$$;
comment on function rollup_internal.drop_partitions(regclass, regclass[], jsonb, boolean, jsonb) is
    'Drops partitions without making others queue for more than 50 ms at a time. Returns each that was dropped, '
    'without a reason, and each that was kept, with the reason and its SQLSTATE. Raises lock_not_available when the '
    'partitioned table itself is in use for longer than rollup_internal.wait_limit(), or at all unless waits.';
