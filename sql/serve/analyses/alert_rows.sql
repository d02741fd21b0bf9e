-- Not the view rollup_analytics.alerts, whose owner row-level security does not restrict.
--
-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.alert_rows(q jsonb)
    returns json
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
begin
    return (
        select coalesce(json_agg(json_build_object(
                   'rule', a.rule, 'tenant', s.subject, 'state', s.state, 'since', s.since, 'value', s.value,
                   'comparison', a.comparison, 'threshold', a.threshold, 'severity', a.severity,
                   'silenced', rollup_analytics_internal.is_silenced(a.rule, s.subject, now()), 'note', s.note,
                   'description', a.description)
                   order by array_position('{firing,no data,recovering,pending,normal}'::text[], s.state), a.rule, s.subject), '[]')
          from rollup_analytics.alert_rules a
          join rollup_analytics.alert_states s on s.rule = a.rule
         where a.enabled
           and (q ->> 'tenant' is null or s.subject = q ->> 'tenant'));
end
$$;
comment on function rollup_serve.alert_rows(jsonb) is 'Alerts of a site, or of all, those that fire first.';
reset citus.enable_ddl_propagation;
