-- On Citus the table lies beside the events of its tenants, so that joins stay on their shards.
create or replace function rollup_analytics_internal.create_model_table(
    relation regclass, tenant_column name, schema_name name, table_name name, columns text, key name)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    full_name constant text := format('%I.%I', schema_name, table_name);
begin
    if to_regclass(full_name) is null then
        execute rollup_internal.fill_template(
            'create table {table} ({tenant} {type} not null, {columns}, primary key ({key}))',
            jsonb_build_object(
                'table', full_name, 'tenant', quote_ident(tenant_column), 'columns', columns,
                'key', format('%I, %I', tenant_column, key),
                'type', (select format_type(a.atttypid, a.atttypmod) from pg_attribute a
                          where a.attrelid = relation and a.attname = tenant_column)));
        if rollup_internal.is_distributed(relation) then
            perform create_distributed_table(full_name::regclass, tenant_column, colocate_with => relation::text);
        end if;
    end if;
    return full_name;
end
$$;
comment on function rollup_analytics_internal.create_model_table(regclass, name, name, name, text, name) is
    'Creates a small table of the things of tenants, unless it exists, and returns its name.';
