create or replace function rollup_internal.merge_text(merge text, column_name name, stored_row text, new_row text)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return format(merge, format('%s.%I', stored_row, column_name), format('%s.%I', new_row, column_name), stored_row, new_row);
end
$$;
comment on function rollup_internal.merge_text(text, name, text, text) is
    'SQL for the value of a column after two rows, given by their aliases, are merged; merge is that of '
    'target_columns.';
