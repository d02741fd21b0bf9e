-- On Citus the view stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
create or replace view rollup.migrations as
    select version, applied_at
      from rollup_internal.migrations;
reset citus.enable_ddl_propagation;
comment on view rollup.migrations is 'Versions of the rollup package this database has had installed.';
