create or replace function rollup_internal.create_view(view_name text, statement text, description text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    begin
        execute statement;
    exception when invalid_table_definition then
        -- Columns have gone, or have other types.
        execute format('drop view %s', view_name);
        execute statement;
    end;
    execute format('comment on view %s is %L', view_name, description);
end
$$;
comment on function rollup_internal.create_view(text, text, text) is
    'Makes or replaces one of a rollup''s views. Raises dependent_objects_still_exist when its '
    'columns change and somebody''s own view stands on it.';
