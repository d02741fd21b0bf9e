-- A long run or query on one table must not roll back the partitions of the others, nor must rows that cannot move. Four
-- partitions exist in advance, and the next call tries again. It is an error only if there was nothing else to do,
-- because an error would undo it. The locks on a table last until the transaction ends, so once there are any, nothing is
-- waited for any more.
create or replace function rollup_internal.maintain_all_partitions()
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    max_wait_before constant text := current_setting('rollup.max_wait', true);
    maintained record;
    is_locking boolean := false;
    state text;
    message text;
    hint text;
begin
    if not rollup_internal.are_partitions_created() then
        select string_agg(x.source::text, ', ' order by x.source::text),
               string_agg(format('select rollup.set_partition_interval(%L, %L)', x.source::text,
                                 coalesce(rollup_internal.partition_width(x.source)::text,
                                          rollup_internal.setting('rollup.partition_interval'))), '; ' order by x.source::text)
          into message, hint
          from (select distinct r.source from rollup_internal.rollups r) x
         where rollup_internal.partition_column(x.source) is not null;
        if message is not null then
            raise exception using
                errcode = 'undefined_object',
                message = format('nothing creates the partitions of %s: pg_partman is not installed in this database', message),
                hint = hint;
        end if;
    end if;
    for maintained in
        select x.relation, min(x.kind) = 1 as is_source
          from (select r.source as relation, 1 as kind, 0 as id from rollup_internal.rollups r
                union select s.source, 1, 0 from rollup_internal.sources s where s.partition_interval is not null
                union select r.target, 2, r.id from rollup_internal.rollups r) x
          join pg_partitioned_table p on p.partrelid = x.relation
         group by x.relation
         order by 2 desc, min(x.id), 1
    loop
        begin
            perform rollup_internal.drain_default_partition(maintained.relation);
            if maintained.is_source then
                perform rollup_internal.record_source_history(maintained.relation);
                perform rollup_internal.create_change_triggers(maintained.relation);
            end if;
            is_locking := is_locking or exists (
                select from pg_locks l
                 where l.pid = pg_backend_pid() and l.mode = 'AccessExclusiveLock' and l.relation = maintained.relation);
            if is_locking then
                perform set_config('rollup.max_wait', '0 seconds', true);
            end if;
        exception when lock_not_available or object_not_in_prerequisite_state or duplicate_table then
            if maintained.is_source and state is null then
                get stacked diagnostics state = returned_sqlstate, message = message_text, hint = pg_exception_hint;
            end if;
            raise warning using message = format('no partitions were made for %s: %s', maintained.relation, sqlerrm);
        end;
    end loop;
    perform set_config('rollup.max_wait', coalesce(max_wait_before, ''), true);
    if state is not null and not is_locking then
        raise exception using errcode = state, message = message, hint = hint;
    end if;
end
$$;
comment on function rollup_internal.maintain_all_partitions() is 'Implements rollup.maintain_partitions.';
