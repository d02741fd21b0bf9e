create or replace function rollup.uneven_bucket_start(bucket interval, time_zone text, at timestamptz)
    returns timestamptz
    language plpgsql
    immutable
    strict
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    first constant timestamp := rollup.local_bucket(bucket, timezone(time_zone, at));
    start constant timestamptz := rollup.moment_of(first, time_zone);
begin
    -- Clocks that go back from past midnight to before it show the new day, and then the old one again.
    return case when start <= at then start else rollup.moment_of(first - bucket, time_zone) end;
end
$$;
comment on function rollup.uneven_bucket_start(interval, text, timestamptz) is
    'Internal. As rollup.bucket_start, for times around a midnight that comes twice or not at all.';
