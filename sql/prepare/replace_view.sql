-- A view that already matches is not replaced, because replacing it locks out its readers. A view whose columns
-- are removed or change type must be dropped; its owner and privileges are restored.
create or replace procedure rollup_internal.replace_view(view_name text, query text, options text[] default '{}')
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    existing constant regclass := to_regclass(view_name);
    options_clause constant text := 'with (' || nullif(array_to_string(options, ', '), '') || ')';
    statement constant text := format('create or replace view %s %s as %s', view_name, options_clause, query);
    rights text[];
    dependents text;
begin
    if existing is not null and rollup_internal.view_matches(existing, query, options) then
        return;
    end if;
    begin
        execute statement;
        return;
    exception when invalid_table_definition then
        rights := rollup_internal.rights_of(existing);
    end;
    begin
        execute format('drop view %s', view_name);
    exception when dependent_objects_still_exist then
        get stacked diagnostics dependents = pg_exception_detail;
        raise exception using
            errcode = 'dependent_objects_still_exist',
            message = format('the columns of view %s change, and other objects depend on it', view_name),
            detail = dependents,
            hint = 'Nothing was changed. Drop the dependent objects first, and create them again afterwards.';
    end;
    execute statement;
    perform rollup_internal.restore_rights(rights);
end
$$;
comment on procedure rollup_internal.replace_view(text, text, text[]) is
    'Creates a view, or replaces it if its definition has changed. options are as in pg_class.reloptions. Raises '
    'dependent_objects_still_exist when its columns change and another view depends on it.';
