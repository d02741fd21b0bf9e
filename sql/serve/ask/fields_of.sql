-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.fields_of(r rollup_internal.rollups)
    returns setof rollup_serve.fields
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
        select * from rollup_serve.fields f where f.rollup_id = r.id and f.revision = r.revision order by f.place;
    if not found then
        return query select * from rollup_serve.describe_fields(r);
    end if;
end
$$;
comment on function rollup_serve.fields_of(rollup_internal.rollups) is
    'What can be asked of a rollup, in the order of its columns.';
reset citus.enable_ddl_propagation;
