create or replace function rollup_analytics_internal.validate_choice(parameter text, given text, choices text[])
    returns void
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    if given is null or given <> all (choices) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('%s must be one of %s, not %s', parameter, array_to_string(choices, ', '), coalesce(quote_literal(given), 'NULL'));
    end if;
end
$$;
comment on function rollup_analytics_internal.validate_choice(text, text, text[]) is
    'Raises invalid_parameter_value unless a parameter has one of its values.';
