-- Removes one range in the caller's transaction, so that a long history is removed in many short ones. The run
-- lock is held: no run writes meanwhile, and expired_before is correct for all rows.
create or replace function rollup_internal.expire_range(
    rollup_name text, dry_run boolean, max_rows bigint, already_kept oid[] default '{}')
    returns setof jsonb
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    r rollup_internal.rollups;
    expired record;
    part jsonb;
    removed jsonb;
    has_waited boolean := already_kept <> '{}';
    has_more boolean := false;
    rows bigint;
    bytes bigint;
begin
    if max_rows is null or max_rows < 1 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('max_rows must be at least 1, not %s', coalesce(max_rows::text, 'null'));
    end if;
    if not dry_run then
        perform rollup_internal.wait_for_run_lock(rollup_name);
    end if;
    -- Read under the lock: the declaration or expired_before may have changed during the wait.
    r := rollup_internal.get_rollup(rollup_name);
    perform rollup_internal.require_same_target(r);

    for expired in
        select * from rollup_internal.expired_ranges(r, max_rows) e
         where not e.is_partition or e.relation::oid <> all (already_kept)
    loop
        if removed is not null then
            has_more := true;
            exit;
        end if;
        rows := expired.rows;
        bytes := null;
        if expired.is_partition then
            execute format('select count(*) from %s', expired.relation) into rows;
            execute format('select sum(%s(t.relid)) from pg_partition_tree(%L) t where t.isleaf',
                           case when rollup_internal.is_distributed(r.target)
                               then 'citus_total_relation_size' else 'pg_total_relation_size' end, expired.relation) into bytes;
        end if;
        part := jsonb_build_object(
            'oid', expired.relation::oid, 'partition', expired.relation::text, 'range_from', expired.range_from,
            'range_to', expired.range_to, 'rows', rows, 'bytes', bytes, 'more', false);
        if dry_run then
            return next part || jsonb_build_object('action', case when expired.is_partition then 'would drop' else 'would delete rows' end);
        elsif expired.is_partition then
            -- What is used by one session for long is waited for once.
            select part || jsonb_build_object('sqlstate', d.sqlstate_kept, 'reason', d.reason,
                                              'action', coalesce('kept: ' || d.reason, 'dropped')) into part
              from rollup_internal.drop_partitions(r.target, array[expired.relation], null, waits => not has_waited) d;
            if part ->> 'reason' is null then
                removed := part;
            else
                has_waited := true;
                return next part;
            end if;
        else
            execute format('delete from %s where %s', expired.relation, rollup_internal.all_of(
                rollup_internal.rows_conditions(r, tstzrange(null, expired.range_to), null)));
            get diagnostics rows = row_count;
            removed := part || jsonb_build_object('rows', rows, 'action', 'rows deleted');
        end if;
    end loop;
    -- A partition may end within a bucket; complete data begins with the next bucket.
    if removed is not null then
        update rollup_internal.rollups x
           set expired_before = greatest(x.expired_before, upper(rollup_internal.align_to_buckets(
                   r.bucket, r.time_zone, null, (removed ->> 'range_to')::timestamptz)))
         where x.name = rollup_name;
        return next removed || jsonb_build_object('more', has_more);
    end if;
end
$$;
comment on function rollup_internal.expire_range(text, boolean, bigint, oid[]) is
    'Implements rollup.expire_rollup. Also returns the reason for what was kept and its SQLSTATE; partitions that were '
    'already kept are not tried.';
