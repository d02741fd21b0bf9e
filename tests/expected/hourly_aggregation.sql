-- Generated; see tests/test_generated_text.py.
create or replace function public.hourly_aggregation(
    max_events bigint default null,
    out status text, out events bigint, out rows bigint, out more boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_custom_plan
    set enable_hashagg = off
    set enable_seqscan = off
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
as $function$
-- Counts new events of public.events into public.rollup_events_1hr.
-- Written by rollup.create_rollup from the declaration of rollup_events_1hr; change that, not this.
#variable_conflict use_column
declare
    run rollup_internal.run_state := rollup_internal.begin_run(array['rollup_events_1hr'], max_events);
    span rollup_internal.id_range;
    number bigint;
begin
    foreach span in array run.id_ranges loop
        insert into public.rollup_events_1hr as r (
            customer_id, hour, event_type, country, browser, event_count, device_distinct_count, session_distinct_count, top_devices_1000)
        select
            customer_id,
            date_bin('01:00:00', event_time, timestamptz '2000-01-01 00:00:00+00'),
            event_type,
            country,
            browser,
            count(*),
            public.hll_add_agg(public.hll_hash_bigint(device_id), 11, 5, -1, 1),
            public.hll_add_agg(public.hll_hash_bigint(session_id), 11, 5, -1, 1),
            (select case when count(*) > 1000 then rollup_internal.top_truncate(jsonb_object_agg(k, n), 1000) else coalesce(jsonb_object_agg(k, n), '{}') end from (select k, count(*) as n from unnest(array_agg(device_id)) k where k is not null group by 1) top)
          from public.events
         where event_id > span.after_id
           and event_id <= span.through_id
         group by 1, 2, 3, 4, 5
        on conflict (customer_id, hour, event_type, country, browser) do update set
            event_count = coalesce(r.event_count + excluded.event_count, r.event_count, excluded.event_count),
            device_distinct_count = coalesce(public.hll_union(r.device_distinct_count, excluded.device_distinct_count), r.device_distinct_count, excluded.device_distinct_count),
            session_distinct_count = coalesce(public.hll_union(r.session_distinct_count, excluded.session_distinct_count), r.session_distinct_count, excluded.session_distinct_count),
            top_devices_1000 = coalesce(rollup_internal.top_union(r.top_devices_1000, excluded.top_devices_1000, 1000), r.top_devices_1000, excluded.top_devices_1000);
        get diagnostics number = row_count;
        run.rows[1] := run.rows[1] + number;

        select count(*) into number
          from public.events
         where event_id > span.after_id
           and event_id <= span.through_id;
        run.events[1] := run.events[1] + number;
    end loop;

    select f.status, f.events, f.rows, f.more
      into status, events, rows, more
      from rollup_internal.finish_run(run) f;
end
$function$;
