-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.anomaly_rows(q jsonb)
    returns json
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
begin
    return (
        select coalesce(json_agg(json_build_object('bucket', a.bucket, 'value', a.value, 'median', a.median, 'mad', a.mad,
                                                   'z', round(a.z::numeric, 2)) order by a.bucket), '[]')
          from rollup_analytics.anomalies(
                   q ->> 'rollup', q ->> 'measure', coalesce((q ->> 'weeks')::int, 8), tenant => q ->> 'tenant',
                   range_from => (q ->> 'from')::timestamptz, range_to => (q ->> 'to')::timestamptz,
                   time_zone => q ->> 'time_zone', dimensions => q -> 'filters') a
         -- A bucket that has not ended is not unusual for having little in it.
         where a.bucket + (rollup_internal.get_rollup(q ->> 'rollup')).bucket <= now()
           and abs(a.z) >= coalesce((q ->> 'least')::numeric, 0));
end
$$;
comment on function rollup_serve.anomaly_rows(jsonb) is
    'Unusual buckets of a rollup, by a question that rollup_serve.resolve_analysis has resolved.';
reset citus.enable_ddl_propagation;
