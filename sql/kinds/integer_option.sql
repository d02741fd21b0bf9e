create or replace function rollup_internal.integer_option(
    measure_name text, spec json, option_name text, usual int, least_allowed int, most_allowed int)
    returns int
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
declare
    said constant text := coalesce(spec ->> option_name, usual::text);
begin
    if said !~ '^-?[0-9]{1,9}$' or said::int not between least_allowed and most_allowed then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I: %s must be a whole number from %s to %s, not %s',
                             measure_name, option_name, least_allowed, most_allowed, said);
    end if;
    return said;
end
$$;
comment on function rollup_internal.integer_option(text, json, text, int, int, int) is
    'An option of a measure that is a whole number within limits.';
