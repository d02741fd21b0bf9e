create or replace function rollup.bucket_end(bucket interval, time_zone text, at timestamptz)
    returns timestamptz
    language plpgsql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    last constant timestamp := '294276-12-31 23:59:59.999999';
    first timestamp;
    start timestamptz;
    seconds interval;
begin
    if at is null or not isfinite(at) then
        return at;
    end if;
    if time_zone is null then
        start := rollup.bucket_start(bucket, null, at);
        -- As seconds: the length of a day depends on the session's time zone.
        seconds := make_interval(secs => extract(epoch from bucket)::double precision);
        return case when start > timezone('UTC', last) - seconds then 'infinity' else start + seconds end;
    end if;
    first := rollup_internal.local_bucket_start(bucket, timezone(time_zone, at));
    start := rollup_internal.resolve_local_time(first, time_zone);
    return case when start > at then start
                when first > last - bucket then 'infinity'
                else rollup_internal.resolve_local_time(first + bucket, time_zone) end;
end
$$;
comment on function rollup.bucket_end(interval, text, timestamptz) is
    'End of the bucket that a time falls into, which is the start of the next one: infinity after the last. See rollup.bucket_start.';
