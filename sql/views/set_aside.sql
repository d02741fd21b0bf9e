-- On Citus the view stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.set_aside', $query$
    select rollup, event_id,
           case when tenant is null or pg_catalog.has_table_privilege('rollup_internal.set_aside', 'select') then tenant else '(hidden)' end as tenant,
           sqlstate,
           case when reason is null or pg_catalog.has_table_privilege('rollup_internal.set_aside', 'select') then reason else '(hidden)' end as reason,
           set_aside_at, last_tried_at
      from rollup_internal.set_aside
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.set_aside is
    'Events that could not be counted and were set aside so that the other events could be counted; see '
    'rollup.retry_set_aside.';
comment on column rollup.set_aside.tenant is 'Tenant of the event; NULL for a rollup without tenants.';
comment on column rollup.set_aside.reason is 'The error that counting the event alone raises.';
comment on column rollup.set_aside.last_tried_at is
    'When counting the event was last tried. Runs try again after rollup.retry_interval (1 hour).';
