-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.tenant_condition(
    r rollup_internal.rollups, tenant text, table_alias text default null)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- With modifier -1, and of a domain its base type: a longer text is no tenant, and must not be cut to become one.
    -- Without its type, the constant would be read as an oid for a regclass, and as nothing for a composite.
    type_name constant text := (select format_type(rollup_internal.base_type(a.atttypid), -1) from pg_attribute a
                                 where a.attrelid = r.source and a.attname = r.tenant);
    equals constant text := rollup_internal.equality_operator(type_name);
begin
    return case when tenant is not null then
        format('%s %s %s', concat(table_alias || '.', quote_ident(r.tenant)), equals,
               format('%L::%s', tenant, type_name)) end;
end
$$;
comment on function rollup_internal.tenant_condition(rollup_internal.rollups, text, text) is
    'The condition that selects one tenant; NULL for NULL.';
reset citus.enable_ddl_propagation;
