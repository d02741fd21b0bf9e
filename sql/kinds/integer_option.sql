create or replace function rollup_internal.integer_option(
    m rollup_internal.measure, option_name text, given text, least_allowed int, most_allowed int)
    returns int
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if given !~ '^-?[0-9]{1,9}$' or given::int not between least_allowed and most_allowed then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I: %s must be %s', m.name, option_name,
                             format('a whole number from %s to %s, not %s', least_allowed, most_allowed, given));
    end if;
    return given;
end
$$;
comment on function rollup_internal.integer_option(rollup_internal.measure, text, text, int, int) is
    'The value of an integer option of a measure, within limits.';
