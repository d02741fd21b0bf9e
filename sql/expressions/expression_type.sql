-- The expression is parsed twice: alone between CASE and END, where an unbalanced closing parenthesis is a syntax
-- error, and between parentheses, where anything else that would end the expression is one. An accepted expression
-- therefore cannot escape from the statement it is later embedded in, and a comment in it cannot hide what
-- follows. The alias of the tested row cannot be guessed, because an expression that names the table or an alias
-- would be valid in one statement and invalid in another. A WHERE clause rejects aggregates. The row consists of
-- NULLs, so no table is read.
--
-- Most expressions are the name of a column, which need not be parsed, except for domains: CASE takes their base type.
--
-- The type is formatted with modifier -1: with NULL, format_type calls char(2) "character", which is one character
-- long.
create or replace function rollup_internal.expression_type(source regclass, expression text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on
as $$
declare
    type_name text;
    problem text;
begin
    select format_type(a.atttypid, -1) into type_name
      from pg_attribute a
      join pg_type t on t.oid = a.atttypid and t.typtype <> 'd'
     where a.attrelid = source and a.attnum > 0 and not a.attisdropped and quote_ident(a.attname) = expression;
    if found then
        return type_name;
    end if;
    execute format('select format_type(pg_typeof(x.value), -1)
                       from (select case when true then %1$s end as value
                               from (select (null::%2$s).*) %3$I
                              where (%1$s) is null or true) x',
                   expression, source, 'row ' || gen_random_uuid())
       into type_name;
    return type_name;
exception
    when grouping_error or windowing_error or feature_not_supported then
        raise exception using
            errcode = sqlstate,
            message = format('%s is not an expression over one event', expression),
            detail = sqlerrm,
            hint = 'Aggregates, window functions and functions that return rows cannot be in it.';
    when undefined_function or ambiguous_function or undefined_object or invalid_schema_name then
        raise exception using
            errcode = sqlstate,
            message = format('%s cannot be resolved: %s', expression, sqlerrm),
            hint = 'Names outside pg_catalog need their schema: a.f(x), x operator(a.=) y, x::a.type.';
    when syntax_error or undefined_table then
        get stacked diagnostics problem = message_text;
        raise exception using
            errcode = sqlstate,
            message = format('%s is not one expression over the columns of %s', expression, source),
            detail = problem,
            hint = 'Write the names of columns without the name of the table.';
end
$$;
comment on function rollup_internal.expression_type(regclass, text) is
    'Name of the type of an expression over a table''s columns. Raises syntax_error for text that is not exactly one '
    'expression, undefined_table for one that names a table.';
