create or replace function rollup_internal.bucket_start_at_clock_change(bucket interval, time_zone text, at timestamptz)
    returns timestamptz
    language plpgsql
    immutable
    strict
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    first constant timestamp := rollup_internal.local_bucket_start(bucket, timezone(time_zone, at));
    start constant timestamptz := rollup_internal.resolve_local_time(first, time_zone);
begin
    -- Clocks set back across midnight show the new day, and then the old day again.
    return case when start <= at then start else rollup_internal.resolve_local_time(first - bucket, time_zone) end;
end
$$;
comment on function rollup_internal.bucket_start_at_clock_change(interval, text, timestamptz) is
    'As rollup.bucket_start, for times around a midnight that occurs twice or not at all.';
