-- Evaluated for every event, so this is one expression without settings, which can be inlined. It tests whether
-- the bucket's first local time occurred exactly once, directly after the preceding second, and calls a function
-- in the other cases: some zones change their clocks at midnight.
create or replace function rollup.bucket_start(bucket interval, time_zone text, at timestamptz)
    returns timestamptz
    language sql
    immutable
    parallel safe
begin atomic
    select case
        when time_zone is null then
            pg_catalog.date_bin(bucket, at, timestamptz '2000-01-01 00:00:00+00')
        when not pg_catalog.isfinite(at) then at
        when rollup_internal.naive_bucket_start(bucket, time_zone, at) <= at
             and pg_catalog.timezone(time_zone, rollup_internal.naive_bucket_start(bucket, time_zone, at))
                 = rollup_internal.local_bucket_start(bucket, pg_catalog.timezone(time_zone, at))
             and rollup_internal.naive_bucket_start(bucket, time_zone, at)
                 - pg_catalog.timezone(time_zone, rollup_internal.local_bucket_start(bucket, pg_catalog.timezone(time_zone, at))
                                                  - interval '1 second') = interval '1 second' then
            rollup_internal.naive_bucket_start(bucket, time_zone, at)
        else rollup_internal.bucket_start_at_clock_change(bucket, time_zone, at) end;
end;
comment on function rollup.bucket_start(interval, text, timestamptz) is
    'Start of the bucket that a time falls into: whole days or months of a time zone or, without '
    'one (NULL), a length counted from 2000-01-01 00:00 UTC.';
