-- Whole buckets: the start is moved down to a bucket's start, the end up to a bucket's end.
create or replace function rollup.event_range(
    bucket interval, range_from timestamptz, range_to timestamptz)
    returns tstzrange
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
declare
    origin constant timestamptz := '2000-01-01 00:00:00+00';
    first_bucket timestamptz := date_bin(bucket, range_from, origin);
    last_bucket timestamptz := date_bin(bucket, range_to, origin);
begin
    if range_from >= range_to then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('the range must end after it begins, not from %s to %s', range_from, range_to);
    end if;
    return tstzrange(first_bucket, case when last_bucket < range_to then last_bucket + bucket else last_bucket end);
end
$$;
comment on function rollup.event_range(interval, timestamptz, timestamptz) is
    'Internal. The times of all buckets that a range touches; NULL leaves a side open.';
