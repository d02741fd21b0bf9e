-- Returns whole buckets: the start is moved down to a bucket's start, the end up to a bucket's end.
create or replace function rollup_internal.align_to_buckets(
    bucket interval, time_zone text, range_from timestamptz, range_to timestamptz)
    returns tstzrange
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if range_from >= range_to then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('the range must end after it begins, not from %s to %s', range_from, range_to);
    end if;
    return tstzrange(rollup.bucket_start(bucket, time_zone, range_from),
                     case when range_to = '4714-11-24 00:00:00+00 BC' then range_to  -- nothing finite is before it
                         when rollup.bucket_start(bucket, time_zone, range_to) < range_to
                         then rollup.bucket_end(bucket, time_zone, range_to) else range_to end);
end
$$;
comment on function rollup_internal.align_to_buckets(interval, text, timestamptz, timestamptz) is
    'The range of all buckets that a range touches; NULL leaves a side open.';
