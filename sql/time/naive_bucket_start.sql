create or replace function rollup_internal.naive_bucket_start(bucket interval, time_zone text, at timestamptz)
    returns timestamptz
    language sql
    immutable
    parallel safe
begin atomic
    select pg_catalog.timezone(time_zone, rollup_internal.local_bucket_start(bucket, pg_catalog.timezone(time_zone, at)));
end;
comment on function rollup_internal.naive_bucket_start(interval, text, timestamptz) is
    'As rollup.bucket_start, for buckets whose start is not a clock change.';
