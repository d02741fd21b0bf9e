-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.are_partitions_created()
    returns boolean
    language sql
    stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select rollup_internal.extension_schema('pg_partman') is not null
        or exists (select from rollup_internal.rollups r where r.partition_interval is not null)
        or exists (select from rollup_internal.sources s where s.partition_interval is not null);
end;
comment on function rollup_internal.are_partitions_created() is
    'Whether the package or pg_partman creates partitions of anything in this database.';
reset citus.enable_ddl_propagation;
