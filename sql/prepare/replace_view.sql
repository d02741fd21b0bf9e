-- A view that is as it should be is left alone, because replacing it locks out its readers. A view whose
-- columns have gone or have other types must be dropped; its owner and its rights are given to the new one.
create or replace procedure rollup_internal.replace_view(view_name text, query text, options text[] default '{}')
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    existing constant regclass := to_regclass(view_name);
    statement constant text := format('create or replace view %s %s as %s', view_name,
                                      'with (' || nullif(array_to_string(options, ', '), '') || ')', query);
    owner name;
    rights text[];
    had_rights boolean;
    granted text;
    dependents text;
begin
    if existing is not null and rollup_internal.view_matches(existing, query, options) then
        return;
    end if;

    begin
        execute statement;
    exception when invalid_table_definition then
        select pg_get_userbyid(relowner), relacl is not null into owner, had_rights from pg_class where oid = existing;
        rights := array(
            select format('grant %s on %s to %s',
                          concat(a.privilege_type, ' (' || quote_ident(x.column_name) || ')'), view_name,
                          concat(case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end,
                                 case when a.is_grantable then ' with grant option' end))
              from (select null as column_name, relacl as acl from pg_class where oid = existing
                    union all
                    select attname, attacl from pg_attribute where attrelid = existing and attnum > 0) x
             cross join lateral aclexplode(x.acl) a
             where a.grantee <> (select relowner from pg_class where oid = existing));
        begin
            execute format('drop view %s', view_name);
        exception when dependent_objects_still_exist then
            get stacked diagnostics dependents = pg_exception_detail;
            raise exception using
                errcode = 'dependent_objects_still_exist',
                message = format('the columns of view %s change, and other objects depend on it', view_name),
                detail = dependents,
                hint = 'Nothing was changed. Drop what depends on it first, and create it again afterwards.';
        end;
        execute statement;
        if owner <> current_user then
            execute format('alter view %s owner to %I', view_name, owner);
        end if;
        if had_rights then
            -- Default privileges have no say: the old view's rights are all that the new one has.
            execute format('revoke all on %s from public', view_name);
        end if;
        foreach granted in array rights loop
            begin
                execute granted;
            exception when undefined_column then
                null;  -- the right went with its column
            end;
        end loop;
    end;
end
$$;
comment on procedure rollup_internal.replace_view(text, text, text[]) is
    'Makes a view, or replaces it where its definition has changed. options are as in pg_class.reloptions. Raises '
    'dependent_objects_still_exist when its columns change and another view depends on it.';
