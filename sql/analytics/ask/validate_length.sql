-- A length of time is elapsed time: its days are 24 hours, whatever the clocks do, and it has no months.
create or replace function rollup_analytics_internal.validate_length(parameter text, length interval)
    returns interval
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    if length is null or length < interval '0' or extract(year from length) <> 0 or extract(month from length) <> 0 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('%s must be a length of time in days or shorter units, not %s', parameter, coalesce(length::text, 'NULL')),
            hint = 'Such as ''30 days'' or ''1 hour''. A day is 24 hours.';
    end if;
    return make_interval(secs => extract(epoch from length)::double precision);
end
$$;
comment on function rollup_analytics_internal.validate_length(text, interval) is
    'A length of elapsed time, without days. Raises invalid_parameter_value for months and negative lengths.';
