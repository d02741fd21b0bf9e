-- Expressions of keys may raise an error; names of columns cannot, and measures are calculated after the join. CASE guarantees the order of evaluation.
create or replace function rollup_internal.key_text(role text, column_name name, expression text, evaluated_if text)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return concat_ws(
        ' as ',
        case when evaluated_if is not null and (role = 'bucket' or role = 'dimension' and expression ^@ '(')
             then format('case when %s then %s end', evaluated_if, expression)
             else expression end,
        nullif(quote_ident(column_name), expression));
end
$$;
comment on function rollup_internal.key_text(text, name, text, text) is
    'A column of a rollup in the list of a query over events. With a condition, the expression of a key is evaluated only '
    'where it is true.';
