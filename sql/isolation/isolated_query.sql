-- A live view runs with its owner's rights, to which row-level security does not apply.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.isolated_query(r rollup_internal.rollups, query text)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    condition constant text := rollup_internal.isolation_condition(r.source, r.target, r.tenant, 'q');
begin
    if condition is null then
        return (query);
    end if;
    return format(E'select q.* from (\n%s) q\n where %s', query, condition);
end
$$;
comment on function rollup_internal.isolated_query(rollup_internal.rollups, text) is
    'The query of a live view, restricted to the tenants that its reader may see if the source is isolated.';
reset citus.enable_ddl_propagation;
