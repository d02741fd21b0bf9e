-- On Citus the view stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.roles', $query$
    select role, purpose
      from rollup_internal.roles
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.roles is 'Roles and what they are for: see rollup.grant_role.';
