-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.parse_tenant(r rollup_internal.rollups, tenant text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    type_name text;
    canonical text;
begin
    if tenant is null then
        return null;
    elsif r.tenant is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('rollup %I has no tenants', r.name);
    end if;
    type_name := rollup_internal.expression_type(r.source, quote_ident(r.tenant));
    begin
        execute format('select %L::%s::text', tenant, type_name) into canonical;
    exception when data_exception then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('there is no tenant %L: %I is of type %s', tenant, r.tenant, type_name);
    end;
    return canonical;
end
$$;
comment on function rollup_internal.parse_tenant(rollup_internal.rollups, text) is
    'A tenant in the canonical spelling of its type. Raises invalid_parameter_value for a text that is not a '
    'value of that type.';
reset citus.enable_ddl_propagation;
