create or replace function rollup_analytics_internal.parameter_literal(name text, parameter jsonb, given jsonb)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    type_name constant text := format_type(to_regtype(parameter ->> 'type'), -1);
    value constant text := case jsonb_typeof(given) when 'null' then null when 'string' then given #>> '{}' else given::text end;
begin
    if type_name is null then
        raise exception using
            errcode = 'undefined_object',
            message = format('parameter %s has no type: %L is not one', name, parameter ->> 'type'),
            hint = 'Such as text, int, numeric, date, timestamptz, interval, text[].';
    end if;
    begin
        execute format('select %L::%s', value, type_name);
    exception when data_exception or object_not_in_prerequisite_state then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('parameter %s must be of type %s, not %L', name, type_name, value);
    end;
    return format('(%L::%s)', value, type_name);
end
$$;
comment on function rollup_analytics_internal.parameter_literal(text, jsonb, jsonb) is
    'The value of a parameter as a literal of its type. Raises invalid_parameter_value for a value of another type.';
