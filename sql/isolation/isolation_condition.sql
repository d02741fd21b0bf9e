-- The same condition is part of the policy on a table and of the live view, which runs with its owner's rights. A cast of
-- the setting could only fail on a value that the reader has set.
--
-- On Citus the function stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.isolation_condition(
    source regclass, relation regclass, tenant name, table_alias text default null)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
#variable_conflict use_variable
declare
    i rollup_internal.isolations;
    type_name text;
    owner_column text;
    condition text;
begin
    select * into i from rollup_internal.isolations x where x.source = source;
    if not found then
        return null;
    end if;
    select format_type(rollup_internal.base_type(a.atttypid), -1) into type_name
      from pg_attribute a where a.attrelid = relation and a.attname = tenant;
    -- Qualified, because the table of members may have a column of the same name.
    owner_column := format('%s.%s', coalesce(table_alias, (select quote_ident(c.relname) from pg_class c where c.oid = relation)),
                           quote_ident(tenant));
    condition := case
        -- The numbers of a rollup without tenants are those of all tenants.
        when tenant is null then 'false'
        when i.setting is not null then rollup_internal.fill_template(
            $text${tenant} {equals} nullif(pg_catalog.current_setting({setting}, true), '')::{type}$text$,
            jsonb_build_object('tenant', owner_column, 'equals', rollup_internal.equality_operator(type_name),
                               'setting', quote_literal(i.setting), 'type', type_name))
        else rollup_internal.fill_template(
            $text$exists (select from {members} "(m)" where "(m)".{member} operator(pg_catalog.=) current_user
 and "(m)".{member_tenant} {equals} {tenant})$text$,
            jsonb_build_object('members', i.members, 'member', quote_ident(i.member_column),
                               'member_tenant', quote_ident(i.members_tenant),
                               'equals', rollup_internal.equality_operator(type_name),
                               'tenant', owner_column)) end;
    return case when i.reader is null then condition
                else format('(current_user operator(pg_catalog.<>) %L or %s)', i.reader, condition) end;
end
$$;
comment on function rollup_internal.isolation_condition(regclass, regclass, name, text) is
    'The condition under which a row of a table that belongs to a source, with the tenant in the given column, is '
    'visible to the current user; NULL if the source is not isolated.';
reset citus.enable_ddl_propagation;
