-- '90' and 90 are 90 seconds to PostgreSQL. A function that takes an interval cannot see that no unit was
-- written, but it sees an age that no retention is meant by.
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
    -- Ages of days and more that somebody computed may have any seconds.
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
    'An age from which on things expire. Raises invalid_parameter_value for one that is not longer than zero, '
    'or that looks like a number without a unit.';
