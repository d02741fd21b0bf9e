-- What errors of runs say may contain values of events, so that roles without the privilege to read the events of all
-- tenants do not see it: the view rollup.runs hides it from roles that may not read its table.
create or replace function rollup.isolate(
    source regclass, setting text default null, members regclass default null,
    member_column name default 'member', members_tenant name default null, reader name default null)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
#variable_conflict use_variable
declare
    tenant name;
    wrong text;
    name text;
begin
    if reader is not null and not exists (select from pg_roles o where o.rolname = reader) then
        raise exception using
            errcode = 'undefined_object',
            message = format('role %I does not exist', reader),
            hint = format('create role %I nologin', reader);
    end if;
    if (setting is null) = (members is null) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('%s is isolated either by a setting or by members', source),
            hint = 'Name a setting (setting => ''app.tenant''), or a table of roles and tenants (members => ''app.members'').';
    end if;
    -- Citus does not send a policy with a subquery to its nodes, and inserts several rows by COPY, which row-level security
    -- rejects.
    if rollup_internal.is_distributed(source) then
        raise exception using
            errcode = 'feature_not_supported',
            message = format('%s is distributed: its tenants cannot be isolated by row-level security', source),
            hint = 'Have readers connect through an application that selects the tenant.';
    end if;
    select r.tenant into tenant
      from rollup_internal.rollups r where r.source = source and r.tenant is not null order by r.id limit 1;
    if not found then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('no rollup of %s has a tenant', source),
            hint = 'Declare a rollup of it first, with tenant => ….';
    end if;
    if setting !~ '^[A-Za-z_][A-Za-z0-9_$]*([.][A-Za-z_][A-Za-z0-9_$]*)+$' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('"%s" is not the name of a setting of an application', setting),
            hint = 'It needs a prefix, as in app.tenant.';
    end if;
    if members is not null then
        members_tenant := coalesce(members_tenant, tenant);
        select c into wrong from unnest(array[member_column, members_tenant]) c
         where not exists (select from pg_attribute a
                            where a.attrelid = members and a.attname = c and a.attnum > 0 and not a.attisdropped) limit 1;
        if found then
            raise exception using
                errcode = 'undefined_column',
                message = format('%s has no column %I', members, wrong),
                hint = 'It needs a column with the name of a role and one with a tenant: member_column and members_tenant.';
        end if;
    end if;
    -- A run that does not see all rows raises an error; better now than then.
    select string_agg(quote_ident(o.rolname), ', ' order by o.rolname) into wrong
      from pg_roles o
     where o.rolname !~ '^pg_' and has_table_privilege(o.oid, 'rollup_internal.watermarks', 'insert')
       and not o.rolsuper and not o.rolbypassrls
       and not pg_has_role(o.oid, (select c.relowner from pg_class c where c.oid = source), 'usage');
    if wrong is not null then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('role %s runs rollups and would not see all events', wrong),
            hint = format('alter role %s bypassrls, as a superuser', split_part(wrong, ',', 1));
    end if;

    insert into rollup_internal.isolations as i (source, setting, members, member_column, members_tenant, reader)
    values (source, setting, members, case when members is not null then member_column end, members_tenant, reader)
    on conflict on constraint isolations_pkey do update
       set setting = excluded.setting, members = excluded.members, member_column = excluded.member_column,
           members_tenant = excluded.members_tenant, reader = excluded.reader;
    if reader is null then
        perform rollup_internal.restrict_ledger();
    end if;
    perform rollup_internal.isolate_table(source, rollup_internal.isolation_condition(source, source, tenant));
    for name in select r.name from rollup_internal.rollups r where r.source = source order by r.id loop
        perform rollup_internal.create_views(name);
    end loop;
    return format('%s and its rollups show %s its own tenants', source, coalesce(quote_ident(reader), 'each role'));
end
$$;
comment on function rollup.isolate(regclass, text, regclass, name, name, name) is
    'Puts row-level security on a source, the tables of its rollups and their views: a session sees the tenant that a '
    'setting names, or a role the tenants that a table of members lists for it. Owners, superusers and roles with '
    'BYPASSRLS see everything. With a reader only that role is restricted, and errors of runs stay readable. A setting '
    'protects only where the reader cannot write SQL. Calling it again changes the way; rollups declared later are '
    'isolated too.';
