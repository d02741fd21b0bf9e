-- Generated; see tests/test_generated_text.py.
create or replace function rollup_internal.run_family_1(
    max_events bigint default null)
    returns table (rollup text, status text, events bigint, rows bigint, more boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set plan_cache_mode = force_custom_plan
    set enable_hashagg = off
    set enable_seqscan = off
    set max_parallel_workers_per_gather = 0
    set jit = off
    set work_mem = '128MB'
    set topn.number_of_counters = 1000
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set intervalstyle = postgres
    set extra_float_digits = 1
    set bytea_output = hex
    set standard_conforming_strings = on
    set transform_null_equals = off
    set array_nulls = on
    set backslash_quote = safe_encoding
    set xmlbinary = base64
    set xmloption = content
    set lc_monetary = 'C'
    set lc_numeric = 'C'
    set lc_time = 'C'
    set timezone_abbreviations = 'Default'
    set citus.max_adaptive_executor_pool_size = 1
    set citus.force_max_query_parallelization = off
as $function$
-- Counts new events of public.events in one pass into
--   public.rollup_events_5min
--   public.rollup_events_1hr
-- Written by rollup.create_rollup from their declarations; change those, not this.
#variable_conflict use_column
declare
    run rollup_internal.run_state := rollup_internal.begin_run(
        array['rollup_events_5min', 'rollup_events_1hr'], max_events);
    pending rollup_internal.id_range[] := run.id_ranges;
    ids rollup_internal.id_range;
    new_events bigint;
    new_rows bigint[];
    table_at_fault text;
    column_at_fault text;
    written bigint;
begin
    while pending <> '{}' loop
        ids := pending[1];
        pending := pending[2:];
        begin
            new_rows := array_fill(0::bigint, array[2]);
            insert into rollup_internal.batch_1 (
                customer_id, minute, event_type, country, browser, event_count, device_distinct_count,
                session_distinct_count, top_devices_1000, "(events)")
            select
                customer_id,
                date_bin('00:05:00', event_time, timestamptz '2000-01-01 00:00:00+00') as minute,
                event_type,
                country,
                browser,
                count(*) as event_count,
                public.hll_add_agg(public.hll_hash_bigint(device_id), 11, 5, -1, 1) as device_distinct_count,
                public.hll_add_agg(
                    public.hll_hash_bigint(session_id), 11, 5, -1, 1) as session_distinct_count,
                rollup_compat.topn_add_agg((device_id)::text) as top_devices_1000,
                count(*) as "(events)"
              from public.events
             where event_id > ids.after_id
               and event_id <= ids.through_id
               and (run.from_time is null or event_time >= run.from_time)
             group by 1, 2, 3, 4, 5;

            if 'rollup_events_5min' = any (ids.rollups) then
                insert into public.rollup_events_5min as stored (
                    customer_id, minute, event_type, country, browser, event_count, device_distinct_count,
                    session_distinct_count, top_devices_1000)
                select
                    customer_id, minute, event_type, country, browser, event_count, device_distinct_count,
                    session_distinct_count, top_devices_1000
                  from rollup_internal.batch_1
                on conflict (customer_id, minute, event_type, country, browser) do update set
                    event_count = coalesce(
                        stored.event_count + excluded.event_count, stored.event_count, excluded.event_count),
                    device_distinct_count = coalesce(
                        public.hll_union(stored.device_distinct_count, excluded.device_distinct_count),
                        stored.device_distinct_count, excluded.device_distinct_count),
                    session_distinct_count = coalesce(
                        public.hll_union(stored.session_distinct_count, excluded.session_distinct_count),
                        stored.session_distinct_count, excluded.session_distinct_count
                    ),
                    top_devices_1000 = rollup_internal.top_union(
                        stored.top_devices_1000, excluded.top_devices_1000, 1000);
                get diagnostics written = row_count;
                new_rows[1] := written;
            end if;

            if 'rollup_events_1hr' = any (ids.rollups) then
                insert into public.rollup_events_1hr as stored (
                    customer_id, hour, event_type, country, browser, event_count, device_distinct_count,
                    session_distinct_count, top_devices_1000)
                select
                    customer_id,
                    date_bin('01:00:00', minute, timestamptz '2000-01-01 00:00:00+00') as hour,
                    event_type,
                    country,
                    browser,
                    sum(event_count)::bigint as event_count,
                    case count(*)
                        when 1 then (array_agg(device_distinct_count))[1]
                        else (select public.hll_union_agg(s) from unnest(array_agg(device_distinct_count)) s)
                    end as device_distinct_count,
                    case count(*)
                        when 1 then (array_agg(session_distinct_count))[1]
                        else (
                            select public.hll_union_agg(s) from unnest(array_agg(session_distinct_count)) s)
                    end as session_distinct_count,
                    case count(*)
                        when 1 then (array_agg(top_devices_1000))[1]
                        else rollup_internal.top_merge(array_agg(top_devices_1000), 1000)
                    end as top_devices_1000
                  from rollup_internal.batch_1
                 group by 1, 2, 3, 4, 5
                on conflict (customer_id, hour, event_type, country, browser) do update set
                    event_count = coalesce(
                        stored.event_count + excluded.event_count, stored.event_count, excluded.event_count),
                    device_distinct_count = coalesce(
                        public.hll_union(stored.device_distinct_count, excluded.device_distinct_count),
                        stored.device_distinct_count, excluded.device_distinct_count),
                    session_distinct_count = coalesce(
                        public.hll_union(stored.session_distinct_count, excluded.session_distinct_count),
                        stored.session_distinct_count, excluded.session_distinct_count
                    ),
                    top_devices_1000 = rollup_internal.top_union(
                        stored.top_devices_1000, excluded.top_devices_1000, 1000);
                get diagnostics written = row_count;
                new_rows[2] := written;
            end if;

            select coalesce(sum("(events)"), 0) into new_events from rollup_internal.batch_1;
            delete from rollup_internal.batch_1;

            run := rollup_internal.add_counted(run, ids, new_events, new_rows);
        exception
            when others or assert_failure then
                get stacked diagnostics table_at_fault = table_name, column_at_fault = column_name;
                if not rollup_internal.is_fault_of_event(
                    ids, table_at_fault, column_at_fault, sqlstate, sqlerrm)
                then
                    raise;
                end if;
                pending := rollup_internal.divide_failed(run, ids, sqlstate, sqlerrm) || pending;
        end;
    end loop;
    return query select * from rollup_internal.finish_run(run);
end
$function$;
