create or replace function rollup_internal.boolean_option(m rollup_internal.measure, option_name text, given text)
    returns boolean
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if given not in ('true', 'false') then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I: %s must be true or false, not %s', m.name, option_name, given);
    end if;
    return given;
end
$$;
comment on function rollup_internal.boolean_option(rollup_internal.measure, text, text) is
    'The value of a boolean option of a measure.';
