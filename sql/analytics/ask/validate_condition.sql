create or replace function rollup_analytics_internal.validate_condition(relation regclass, parameter text, condition text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    type_name text;
begin
    if condition is null then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = format('%s is NULL: a condition over the columns of %s is required', parameter, relation),
            hint = 'Such as: event_type = ''order''.';
    end if;
    type_name := rollup_internal.expression_type(relation, condition);
    if type_name <> 'boolean' then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('%s must be a condition, not %s, which is of type %s', parameter, condition, type_name);
    end if;
    return format('(%s)', condition);
end
$$;
comment on function rollup_analytics_internal.validate_condition(regclass, text, text) is
    'A condition over one event in parentheses. Raises datatype_mismatch for an expression that is not boolean.';
