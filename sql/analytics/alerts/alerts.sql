-- On Citus the view stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup_analytics.alerts', $query$
    select a.rule, s.subject, s.state, s.since, s.value, a.comparison, a.threshold, a.severity,
           rollup_analytics_internal.is_silenced(a.rule, s.subject, now()) as silenced, s.note, s.evaluated_at, a.description
      from rollup_analytics.alert_rules a
      join rollup_analytics.alert_states s on s.rule = a.rule
     where a.enabled
     order by array_position('{firing,no data,recovering,pending,normal}'::text[], s.state), a.rule, s.subject
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup_analytics.alerts is 'The alerts of all rules that are enabled, those that fire first.';
