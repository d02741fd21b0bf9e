-- Also the check that an expression is one over the source's columns, and no aggregate, which a
-- WHERE clause refuses. It is tried on a row of NULLs, so that no table is read. Without a length:
-- format_type(…, null) would call char(2) "character", which is one character long.
create or replace function rollup_internal.expression_type(source regclass, expression text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    type_name text;
begin
    execute format('select format_type(pg_typeof(x.value), -1)
                      from (select (%1$s) as value from (select (null::%2$s).*) %3$I
                             where (%1$s) is null or true) x',
                   expression, source, (select relname from pg_class where oid = source))
       into type_name;
    return type_name;
exception when grouping_error or windowing_error or feature_not_supported then
    raise exception using
        errcode = sqlstate,
        message = format('%s is not an expression over one event', expression),
        detail = sqlerrm,
        hint = 'Aggregates, window functions and functions that return rows cannot be in it.';
end
$$;
comment on function rollup_internal.expression_type(regclass, text) is
    'Name of the type of an expression over a table''s columns.';
