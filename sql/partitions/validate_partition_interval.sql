create or replace function rollup_internal.validate_partition_interval(width interval, bucket interval default null)
    returns interval
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
declare
    months constant int := case when isfinite(width)
        then extract(year from width) * 12 + extract(month from width) else 0 end;
begin
    if not isfinite(width) or width < coalesce(bucket, '1 minute') or mod(extract(epoch from width), 60) <> 0
       or (months <> 0 and width <> make_interval(months => months)) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = concat('a partition must be whole minutes or whole months', ', and not shorter than a bucket, ' || bucket,
                             format('; not %L', width)),
            hint = 'For example ''1 day'' or ''1 month''.';
    end if;
    return width;
end
$$;
comment on function rollup_internal.validate_partition_interval(interval, interval) is
    'The length of the partitions of a rollup or, without a bucket, of a source. Raises invalid_parameter_value for an invalid length.';
