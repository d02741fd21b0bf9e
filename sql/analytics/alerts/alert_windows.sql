-- Only whole buckets: the one that is going on would look like a fall. The weeks before are shifted by local time.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_analytics_internal.alert_windows(
    r rollup_internal.rollups, within interval, delay interval, weeks int, time_zone text, ats timestamptz[])
    returns table (at timestamptz, weeks_ago int, window_from timestamptz, window_to timestamptz)
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select x.at, k,
           case when within is null then rollup.bucket_start(r.bucket, r.time_zone, e.window_to - interval '1 microsecond')
                else rollup.bucket_start(r.bucket, r.time_zone,
                                         timezone(coalesce(r.time_zone, 'UTC'), timezone(coalesce(r.time_zone, 'UTC'), e.window_to) - within)) end,
           e.window_to
      from (select a.at, k, rollup.bucket_start(r.bucket, r.time_zone, a.at - delay) as ends
              from unnest(ats) a (at)
             cross join generate_series(0, coalesce(weeks, 0)) k) x
     cross join lateral (select case when x.k = 0 then x.ends else rollup.bucket_start(r.bucket, r.time_zone,
                                    timezone(time_zone, timezone(time_zone, x.ends) - x.k * interval '7 days')) end) e (window_to);
end
$$;
comment on function rollup_analytics_internal.alert_windows(rollup_internal.rollups, interval, interval, int, text, timestamptz[]) is
    'The time that a rule is about at each of some moments, and the same time in the weeks before.';
reset citus.enable_ddl_propagation;
