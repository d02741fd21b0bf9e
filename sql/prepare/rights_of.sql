create or replace function rollup_internal.rights_of(existing regclass)
    returns text[]
    language sql
    stable
    set search_path = pg_catalog, pg_temp
    return array(
        with granted as (
            select null::name as column_name, relacl as acl from pg_catalog.pg_class where oid = existing
            union all
            select attname, attacl from pg_catalog.pg_attribute where attrelid = existing and attnum > 0)
        select x.statement
          from pg_catalog.pg_class c
         cross join lateral (
               select 1, pg_catalog.format('alter view %s owner to %I', existing, pg_catalog.pg_get_userbyid(c.relowner))
                where pg_catalog.pg_get_userbyid(c.relowner) <> current_user
               union all
               -- Default privileges of new views do not belong to this view.
               select 2, pg_catalog.format('revoke all on %s from public', existing) where c.relacl is not null
               union all
               select 3, pg_catalog.format('grant %s on %s to %s',
                      pg_catalog.concat(a.privilege_type, ' (' || pg_catalog.quote_ident(g.column_name) || ')'), existing,
                      pg_catalog.concat(case a.grantee when 0 then 'public'
                                             else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end,
                                        case when a.is_grantable then ' with grant option' end))
                 from granted g
                cross join lateral pg_catalog.aclexplode(g.acl) a
                where a.grantee <> c.relowner) x (step, statement)
         where c.oid = existing
         order by x.step);
comment on function rollup_internal.rights_of(regclass) is
    'Owner and privileges of a view, as statements for rollup_internal.restore_rights.';
