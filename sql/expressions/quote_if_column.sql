-- A column name may need quotes; an expression is already quoted.
create or replace function rollup_internal.quote_if_column(source regclass, expression text)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return case when exists (select from pg_attribute a
                              where a.attrelid = source and a.attname = expression and a.attnum > 0 and not a.attisdropped)
                then quote_ident(expression) else expression end;
end
$$;
comment on function rollup_internal.quote_if_column(regclass, text) is
    'An expression over a table''s columns as SQL: quoted if it is the name of a column.';
