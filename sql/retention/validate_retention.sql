create or replace function rollup_internal.validate_retention(keep interval, bucket interval default null)
    returns interval
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
begin
    if keep <= interval '0' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('the retention must be longer than zero, not %L', keep),
            hint = 'For example ''90 days''; NULL keeps everything.';
    end if;
    if keep < bucket then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('the retention must not be shorter than a bucket, %s, as %s is', bucket, keep),
            hint = 'Whole buckets expire. For example ''90 days''; NULL keeps everything.';
    end if;
    perform rollup_internal.validate_age(keep);
    -- Otherwise a cutoff below the range of timestamps would raise an error in every scheduled job.
    if not isfinite(keep) then
        return null;
    end if;
    perform now() - keep;
    return keep;
exception when datetime_field_overflow then
    raise exception using
        errcode = 'invalid_parameter_value',
        message = format('the retention is too long: %L', keep),
        hint = 'NULL keeps everything.';
end
$$;
comment on function rollup_internal.validate_retention(interval, interval) is
    'A retention; NULL if unlimited. Raises invalid_parameter_value for one that is not longer than zero, or '
    'shorter than a bucket.';
