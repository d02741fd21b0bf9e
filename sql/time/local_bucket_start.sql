-- Weeks begin on Monday; months, quarters and years follow the calendar. This is one expression without settings,
-- which can be inlined; for a constant bucket only one branch remains.
create or replace function rollup_internal.local_bucket_start(bucket interval, local_time timestamp)
    returns timestamp
    language sql
    immutable
    parallel safe
begin atomic
    select case
        when extract(year from bucket) = 0 and extract(month from bucket) = 0 then
            pg_catalog.date_bin(bucket, local_time, timestamp '2000-01-03')
        when bucket = interval '1 month' then pg_catalog.date_trunc('month', local_time)
        when bucket = interval '3 months' then pg_catalog.date_trunc('quarter', local_time)
        when bucket = interval '1 year' then pg_catalog.date_trunc('year', local_time)
        else timestamp '2000-01-01' + bucket * pg_catalog.floor(
            ((extract(year from local_time) - 2000) * 12 + extract(month from local_time) - 1)
            / (extract(year from bucket) * 12 + extract(month from bucket)))::double precision end;
end;
comment on function rollup_internal.local_bucket_start(interval, timestamp) is
    'Start of the bucket of whole days or months that a local time falls into.';
