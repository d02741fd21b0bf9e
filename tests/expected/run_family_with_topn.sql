-- Generated; see tests/test_generated_text.py.
create or replace function rollup.run_family_1(
    max_events bigint default null)
    returns table (rollup text, status text, events bigint, rows bigint, more boolean)
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
-- Counts new events of public.events into 'rollup_events_5min', 'rollup_events_1hr' in one pass.
-- Written by rollup.create_rollup from their declarations; change those, not this.
#variable_conflict use_column
declare
    run rollup_internal.run_state := rollup_internal.begin_run(array['rollup_events_5min', 'rollup_events_1hr'], max_events);
    span rollup_internal.id_range;
    counted bigint;
    rows_written bigint[];
begin
    foreach span in array run.id_ranges loop
        with batch as materialized (
            select
                customer_id,
                date_bin('00:05:00', event_time, timestamptz '2000-01-01 00:00:00+00') as minute,
                event_type,
                country,
                browser,
                count(*) as event_count,
                public.hll_add_agg(public.hll_hash_bigint(device_id), 11, 5, -1, 1) as device_distinct_count,
                public.hll_add_agg(public.hll_hash_bigint(session_id), 11, 5, -1, 1) as session_distinct_count,
                public.topn_add_agg((device_id)::text) as top_devices_1000,
                count(*) as "(events)"
              from public.events
             where event_id > span.after_id
               and event_id <= span.through_id
             group by 1, 2, 3, 4, 5
        ),
        batch_2 as (
            select
                customer_id,
                date_bin('01:00:00', minute, timestamptz '2000-01-01 00:00:00+00') as hour,
                event_type,
                country,
                browser,
                sum(event_count)::bigint as event_count,
                case count(*) when 1 then (array_agg(device_distinct_count))[1] else (select public.hll_union_agg(s) from unnest(array_agg(device_distinct_count)) s) end as device_distinct_count,
                case count(*) when 1 then (array_agg(session_distinct_count))[1] else (select public.hll_union_agg(s) from unnest(array_agg(session_distinct_count)) s) end as session_distinct_count,
                case count(*) when 1 then (array_agg(top_devices_1000))[1] else (select public.topn_union_agg(s) from unnest(array_agg(top_devices_1000)) s) end as top_devices_1000
              from batch
             group by 1, 2, 3, 4, 5
        ),
        member_1 as (
            insert into public.rollup_events_5min as r (
                customer_id, minute, event_type, country, browser, event_count, device_distinct_count, session_distinct_count, top_devices_1000)
            select
                customer_id, minute, event_type, country, browser, event_count, device_distinct_count, session_distinct_count, top_devices_1000
              from batch
             where 'rollup_events_5min' = any (span.rollups)
            on conflict (customer_id, minute, event_type, country, browser) do update set
                event_count = coalesce(r.event_count + excluded.event_count, r.event_count, excluded.event_count),
                device_distinct_count = coalesce(public.hll_union(r.device_distinct_count, excluded.device_distinct_count), r.device_distinct_count, excluded.device_distinct_count),
                session_distinct_count = coalesce(public.hll_union(r.session_distinct_count, excluded.session_distinct_count), r.session_distinct_count, excluded.session_distinct_count),
                top_devices_1000 = coalesce(rollup_internal.top_union(r.top_devices_1000, excluded.top_devices_1000, 1000), r.top_devices_1000, excluded.top_devices_1000)
            returning 1
        ),
        member_2 as (
            insert into public.rollup_events_1hr as r (
                customer_id, hour, event_type, country, browser, event_count, device_distinct_count, session_distinct_count, top_devices_1000)
            select
                customer_id, hour, event_type, country, browser, event_count, device_distinct_count, session_distinct_count, top_devices_1000
              from batch_2
             where 'rollup_events_1hr' = any (span.rollups)
            on conflict (customer_id, hour, event_type, country, browser) do update set
                event_count = coalesce(r.event_count + excluded.event_count, r.event_count, excluded.event_count),
                device_distinct_count = coalesce(public.hll_union(r.device_distinct_count, excluded.device_distinct_count), r.device_distinct_count, excluded.device_distinct_count),
                session_distinct_count = coalesce(public.hll_union(r.session_distinct_count, excluded.session_distinct_count), r.session_distinct_count, excluded.session_distinct_count),
                top_devices_1000 = coalesce(rollup_internal.top_union(r.top_devices_1000, excluded.top_devices_1000, 1000), r.top_devices_1000, excluded.top_devices_1000)
            returning 1
        )
        select (select coalesce(sum("(events)"), 0) from batch),
               array[(select count(*) from member_1), (select count(*) from member_2)]
          into counted, rows_written;

        for n in 1 .. cardinality(run.rollups) loop
            run.rows[n] := run.rows[n] + rows_written[n];
            if run.rollups[n] = any (span.rollups) then
                run.events[n] := run.events[n] + counted;
            end if;
        end loop;
    end loop;
    return query select * from rollup_internal.finish_run(run);
end
$function$;
