-- Removes one range in the caller's transaction, so that a long history is removed in many short ones. The run
-- lock is held: no run writes meanwhile, and expired_before is correct for all rows.
create or replace function rollup.expire_rollup(
    rollup_name text, dry_run boolean default false, max_rows bigint default 1000000,
    out partition text, out range_from timestamptz, out range_to timestamptz,
    out rows bigint, out bytes bigint, out action text, out more boolean)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    r rollup_internal.rollups;
    expired record;
    reason text;
    kept jsonb[] := '{}';
    seen int := 0;
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

    for expired in select * from rollup_internal.expired_ranges(r, max_rows) loop
        seen := seen + 1;
        if not dry_run and seen = 2 then
            more := true;
            exit;
        end if;
        partition := expired.relation;
        range_from := expired.range_from;
        range_to := expired.range_to;
        rows := expired.rows;
        bytes := null;
        more := false;
        if expired.is_partition then
            execute format('select count(*) from %s', expired.relation) into rows;
            execute format('select %s(%L)', case when rollup_internal.is_distributed(r.target)
                then 'citus_total_relation_size' else 'pg_total_relation_size' end, expired.relation) into bytes;
        end if;
        action := case when dry_run then 'would ' else '' end || case
            when expired.is_partition then case when dry_run then 'drop' else 'dropped' end
            else case when dry_run then 'delete rows' else 'rows deleted' end end;
        if dry_run then
            return next;
        elsif expired.is_partition then
            select d.reason into reason from rollup_internal.drop_partitions(r.target, array[expired.relation], null) d;
            if reason is not null then
                seen := seen - 1;
                kept := kept || jsonb_build_object(
                    'partition', partition, 'range_from', range_from, 'range_to', range_to, 'rows', rows, 'bytes', bytes,
                    'action', 'kept: ' || reason);
            end if;
        else
            execute format('delete from %s where %s', expired.relation, rollup_internal.all_of(
                rollup_internal.rows_conditions(r, tstzrange(null, range_to), null)));
            get diagnostics rows = row_count;
        end if;
    end loop;
    -- A partition may end within a bucket; complete data begins with the next bucket.
    if seen > 0 and not dry_run then
        update rollup_internal.rollups x
           set expired_before = greatest(x.expired_before,
                                         upper(rollup_internal.align_to_buckets(r.bucket, r.time_zone, null, range_to)))
         where x.name = rollup_name;
        return next;
    end if;
    -- What must stay is reported once, with the last part.
    if more is not true then
        return query
            select k ->> 'partition', (k ->> 'range_from')::timestamptz, (k ->> 'range_to')::timestamptz,
                   (k ->> 'rows')::bigint, (k ->> 'bytes')::bigint, k ->> 'action', false
              from unnest(kept) k;
    end if;
end
$$;
comment on function rollup.expire_rollup(text, boolean, bigint) is
    'Removes rows of a rollup that have exceeded its retention (rollup.set_retention): one partition, or whole '
    'buckets of about max_rows rows; more is true if there is another range. Returns no row if there is nothing '
    'to remove. A partition that cannot be dropped keeps none of the others: it is returned after the last range, '
    'with the action kept and the reason. With dry_run, lists all ranges. Raises lock_not_available when a run, or a '
    'reader of a partitioned table, takes longer than rollup.max_wait.';
