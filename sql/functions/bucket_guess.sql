create or replace function rollup.bucket_guess(bucket interval, time_zone text, at timestamptz)
    returns timestamptz
    language sql
    immutable
    parallel safe
begin atomic
    select pg_catalog.timezone(time_zone, rollup.local_bucket(bucket, pg_catalog.timezone(time_zone, at)));
end;
comment on function rollup.bucket_guess(interval, text, timestamptz) is
    'Internal. As rollup.bucket_start, where clocks do not change at the start of the bucket.';
