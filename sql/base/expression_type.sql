-- The expression is parsed as the only thing between CASE and END, where a closing parenthesis of its own is a
-- syntax error, and between parentheses, where everything else that ends an expression is one. So nothing gets
-- out of the place where it is put later, and no comment swallows what follows. The row it is tried on has
-- a name that cannot be guessed: an expression that names the table or an alias would mean something in one
-- statement and nothing in another. A WHERE clause refuses aggregates. The row is all NULLs, so that no
-- table is read.
-- Without a length: format_type(…, null) would call char(2) "character", which is one character long.
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
    when syntax_error or undefined_table then
        get stacked diagnostics problem = message_text;
        raise exception using
            errcode = sqlstate,
            message = format('%s is not one expression over the columns of %s', expression, source),
            detail = problem,
            hint = 'Columns go by their names alone, without the name of the table.';
end
$$;
comment on function rollup_internal.expression_type(regclass, text) is
    'Name of the type of an expression over a table''s columns. Raises syntax_error for text that is not exactly one '
    'expression, undefined_table for one that names a table.';
