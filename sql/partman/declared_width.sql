-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.declared_width(relation regclass)
    returns interval
    language sql
    stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select coalesce((select r.partition_interval from rollup_internal.rollups r where r.target = relation),
                    (select s.partition_interval from rollup_internal.sources s where s.source = relation));
end;
comment on function rollup_internal.declared_width(regclass) is
    'The length of the partitions that the package creates for the table of a rollup or for a source; NULL if it creates none.';
reset citus.enable_ddl_propagation;
