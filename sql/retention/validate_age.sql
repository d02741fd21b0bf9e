-- PostgreSQL reads '90' and 90 as 90 seconds. A function that takes an interval cannot detect that the unit was
-- omitted, but it can reject an age that is implausible as a retention.
create or replace function rollup_internal.validate_age(age interval)
    returns interval
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if age <= interval '0' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('the age must be longer than zero, not %L', age),
            hint = 'For example interval ''30 days''.';
    end if;
    -- Ages of a day and more may be computed, and have seconds.
    if extract(day from age) = 0 and extract(month from age) = 0 and extract(year from age) = 0
       and (age < interval '1 hour' or extract(second from age) <> 0)
    then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('the age must be at least an hour, in whole minutes, not %L', age),
            detail = 'A number without a unit is seconds.',
            hint = format('Was it days? Write interval ''%s days''.', extract(epoch from age)::numeric::float);
    end if;
    return age;
end
$$;
comment on function rollup_internal.validate_age(interval) is
    'An age after which data expires. Raises invalid_parameter_value for an age that is not longer than zero, or '
    'that looks like a number without a unit.';
