-- Nothing ends after infinity, so its bucket is open. That of -infinity ends where the finite times begin.
create or replace function rollup_internal.bucket_range(bucket interval, time_zone text, at timestamptz)
    returns tstzrange
    language plpgsql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
begin
    return tstzrange(rollup.bucket_start(bucket, time_zone, at),
                     case at when 'infinity' then null
                             when '-infinity' then '4714-11-24 00:00:00+00 BC'
                             else rollup.bucket_end(bucket, time_zone, at) end);
end
$$;
comment on function rollup_internal.bucket_range(interval, text, timestamptz) is
    'The times of the bucket that a time falls into; never empty.';
