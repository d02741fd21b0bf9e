create or replace function rollup.bucket_end(bucket interval, time_zone text, at timestamptz)
    returns timestamptz
    language plpgsql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    first timestamp;
    start timestamptz;
begin
    if time_zone is null then
        -- As seconds: the length of a day depends on the session's time zone.
        return rollup.bucket_start(bucket, null, at) + make_interval(secs => extract(epoch from bucket)::double precision);
    end if;
    if at is null or not isfinite(at) then
        return at;
    end if;
    first := rollup_internal.local_bucket_start(bucket, timezone(time_zone, at));
    start := rollup_internal.resolve_local_time(first, time_zone);
    return case when start > at then start else rollup_internal.resolve_local_time(first + bucket, time_zone) end;
end
$$;
comment on function rollup.bucket_end(interval, text, timestamptz) is
    'End of the bucket that a time falls into, which is the start of the next one. See rollup.bucket_start.';
