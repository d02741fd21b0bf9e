create or replace function rollup_analytics_internal.validate_expression(relation regclass, parameter text, expression text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    if expression is null then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = format('%s is NULL: a column of %s, or an expression over its columns, is required', parameter, relation);
    end if;
    perform rollup_internal.expression_type(relation, rollup_internal.quote_if_column(relation, expression));
    return rollup_internal.quote_if_column(relation, expression);
end
$$;
comment on function rollup_analytics_internal.validate_expression(regclass, text, text) is
    'A column or an expression over one event, as SQL. Raises an error for anything else.';
