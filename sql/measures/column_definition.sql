-- Values are compared and sorted in a rollup's table as they are in its source.
create or replace function rollup_internal.column_definition(source regclass, column_type text, expression text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return column_type || coalesce(
        ' collate ' || rollup_internal.expression_collation(source, expression, column_type), '');
end
$$;
comment on function rollup_internal.column_definition(regclass, text, text) is
    'Type and collation, for CREATE and ALTER TABLE, of the column that holds the value of an expression over '
    'events.';
