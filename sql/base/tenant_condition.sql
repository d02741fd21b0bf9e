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
    type_name constant text := (select format_type(a.atttypid, a.atttypmod) from pg_attribute a
                                 where a.attrelid = r.source and a.attname = r.tenant);
    equals constant text := rollup_internal.equality_operator(type_name);
begin
    return case when tenant is not null then
        format('%s %s %s', concat(table_alias || '.', quote_ident(r.tenant)), equals,
               concat(quote_literal(tenant), case when equals <> '=' then '::' || type_name end)) end;
end
$$;
comment on function rollup_internal.tenant_condition(rollup_internal.rollups, text, text) is
    'The condition that selects one tenant; NULL for NULL.';
reset citus.enable_ddl_propagation;
