-- On Citus the view stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.families', $query$
    select id, function_name
      from rollup_internal.families
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.families is 'Rollups that share source, tenant, dimensions, measures and filter.';
comment on column rollup.families.function_name is
    'Qualified and quoted name of the function that counts for all members in one pass. NULL for a family of '
    'one.';
