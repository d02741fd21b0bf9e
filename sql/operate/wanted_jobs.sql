-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.wanted_jobs()
    returns setof text
    language sql
    stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select j.name
      from (values ('rollup-run'), ('rollup-partitions'), ('rollup-expire'), ('rollup-check')) j (name)
     where j.name <> 'rollup-partitions' or rollup_internal.are_partitions_created();
end;
comment on function rollup_internal.wanted_jobs() is
    'The jobs that rollup.schedule creates: the one for partitions only where there are any to create.';
reset citus.enable_ddl_propagation;
