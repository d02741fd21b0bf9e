-- The order makes it exact. Notes are read after the run lock is taken and before the events: a change whose note is seen is
-- seen itself, and one that commits in between is counted here and again by the next correction. A note is removed in the
-- transaction that counts its buckets again, so a crash leaves both or neither. What no run has counted yet needs no
-- correction, because the next one sees the change.
--
-- One step corrects buckets of about a day, at most max_ranges, so that other runs wait only briefly, and few partitions are read.
-- What cannot be counted at once, because an event fails or tenants have an equality of their own, is rebuilt one by
-- one: that sets events aside. (Its SET clauses come from set_counting_settings.sql.) As in a run, only what reads events is
-- planned each time.
create or replace function rollup_internal.correct_buckets(
    rollup_name text, noted_before timestamptz, max_ranges int default 10000,
    out status text, out buckets bigint, out rows bigint, out more boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    started_at constant timestamptz := clock_timestamp();
    r rollup_internal.rollups;
    missing tstzmultirange;
    expired tstzmultirange;
    tails int8multirange;
    step_start timestamptz;
    step_end timestamptz;
    tenants text[];
    ranges tstzmultirange[];
    left_ranges tstzmultirange;
    again record;
    one record;
    counted record;
begin
    r := rollup_internal.get_rollup(rollup_name);
    perform rollup_internal.require_read_committed(format('rollup %I cannot be corrected', rollup_name));
    status := 'nothing new';
    buckets := 0;
    rows := 0;
    more := false;
    if not rollup_internal.try_run_lock(array[rollup_name], is_shared => false) then
        status := 'busy';
        return;
    end if;
    perform rollup_internal.hand_out_changes(r.source);
    if not exists (select from rollup_internal.changed_buckets b where b.rollup = rollup_name and b.noted_at < noted_before) then
        return;
    end if;
    perform rollup_internal.require_same_tables(r);
    perform rollup_internal.require_ids_ahead(array[rollup_name], rollup_internal.read_node_states(r.source, r.id_sequence));
    perform rollup_internal.block_expiry(r.source);  -- while it is held, neither rows nor events expire
    r := rollup_internal.get_rollup(rollup_name);
    missing := rollup_internal.whole_buckets(r, rollup.missing_ranges(r.source));
    expired := rollup_internal.whole_buckets(r, tstzmultirange(tstzrange(null, coalesce(r.expired_before, '-infinity'))));
    perform rollup_internal.apply_counting_settings(r);
    if rollup_internal.is_distributed(r.source) then  -- see begin_run
        perform set_config('citus.max_adaptive_executor_pool_size', rollup_internal.setting('rollup.connections_per_node'), true);
    end if;
    perform rollup_internal.divide_wide_changes(r, noted_before);
    select coalesce(range_agg(int8range(t.after_id, nullif(t.through_id, 9223372036854775807), '(]')), '{}') into tails
      from rollup_internal.tail_ranges(rollup_name) t;
    select b.range_from into step_start from rollup_internal.changed_buckets b
     where b.rollup = rollup_name and b.noted_at < noted_before order by b.range_from limit 1;
    step_end := case when isfinite(step_start) then step_start + greatest(interval '1 day', r.bucket) else step_start end;

    with due as (
        select array_agg(b.id) as ids
          from rollup_internal.changed_buckets b
         where b.rollup = rollup_name and (b.range_from < step_end or b.range_from = step_start)
         group by b.range_from, b.range_to, b.tenant
        having min(b.noted_at) < noted_before
         order by b.range_from, b.range_to, b.tenant
         limit max_ranges
    ), taken as (
        delete from rollup_internal.changed_buckets b
         using (select unnest(d.ids) as id from due d) d
         where b.id = d.id
        returning b.tenant, tstzrange(b.range_from, nullif(b.range_to, 'infinity')) as times, b.first_id, b.last_id,
                  (tails @> int8range(b.first_id, b.last_id, '[]')) is true as is_uncounted
    ), retried as (
        -- What was corrected because it could not be counted is tried by the next run.
        update rollup_internal.set_aside s
           set last_tried_at = '-infinity'
          from taken t
         where s.rollup = rollup_name and s.event_id between t.first_id and t.last_id
    ), touched as (
        select t.tenant, range_agg(t.times) - expired as times from taken t where not t.is_uncounted group by t.tenant
    )
    select array_agg(t.tenant order by t.tenant) filter (where not isempty(t.times - missing)),
           array_agg(t.times - missing order by t.tenant) filter (where not isempty(t.times - missing)),
           range_agg(t.times * missing)
      into tenants, ranges, left_ranges
      from touched t;

    if tenants is not null then
        status := 'corrected';
        -- Statements are written before the block that executes them: see failing_event.sql.
        select * into again from rollup_internal.count_again_texts(r, tenants, ranges);
        begin
            if again.insert_text is null then
                raise exception using errcode = 'data_exception', message = 'they are counted one by one';
            end if;
            execute again.delete_text;
            execute again.insert_text;
            get diagnostics rows = row_count;
        exception when others or assert_failure then
            for one in
                select t.tenant, x.times from unnest(tenants, ranges) t (tenant, times) cross join lateral unnest(t.times) x (times)
            loop
                select * into counted
                  from rollup.rebuild(rollup_name, lower(one.times), upper(one.times), one.tenant, accept_loss => true);
                rows := rows + counted.rows_after;
            end loop;
        end;
    end if;
    select coalesce(sum((select count(*) from unnest(m.ranges))), 0) into buckets from unnest(ranges) m (ranges);
    perform rollup_internal.record_correction(rollup_name, buckets, rows, clock_timestamp() - started_at, left_ranges);
    more := exists (select from rollup_internal.changed_buckets b where b.rollup = rollup_name and b.noted_at < noted_before);
end
$$;
comment on function rollup_internal.correct_buckets(text, timestamptz, int) is
    'Counts buckets of a rollup again whose events have changed: one step of them, noted before a time. Returns corrected, '
    'nothing new or busy, the number of ranges, the rows written, and whether there is more to correct.';
