-- On Citus the view stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.isolations', $query$
    select source, setting, members, member_column, members_tenant, reader
      from rollup_internal.isolations
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.isolations is 'Sources whose tenants are isolated from each other: see rollup.isolate.';
comment on column rollup.isolations.setting is 'The tenant that a session sees is the value of this setting.';
comment on column rollup.isolations.members is 'Table of the tenants that each role sees.';
comment on column rollup.isolations.member_column is 'Column of members with the name of the role.';
comment on column rollup.isolations.members_tenant is 'Column of members with the tenant.';
comment on column rollup.isolations.reader is 'The only role that is restricted; NULL restricts all that may be.';
