-- On Citus the view stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.migrations', $query$
    select version, applied_at
      from rollup_internal.migrations
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.migrations is 'Versions of the rollup package that have been installed in this database.';
