-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.answer_analysis(q jsonb)
    returns json
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set jit = off
as $$
declare
    kind constant text := q ->> 'analysis';
begin
    perform rollup_serve.require_tenant(q ->> 'tenant');
    return json_build_object(
        'analysis', kind, 'site_id', q ->> 'site_id', 'time_zone', q ->> 'time_zone', 'from', q -> 'from', 'to', q -> 'to',
        'now', now(), 'grain', case kind when 'anomalies' then (rollup_internal.get_rollup(q ->> 'rollup')).bucket::text end,
        'dimensions', case kind when 'funnel' then '["step", "name", "breakdown"]'::json
                                when 'retention' then '["cohort", "n"]'
                                when 'alerts' then '["rule", "tenant", "state", "since", "severity", "comparison", "silenced", "note", "description"]'
                                else '[]' end,
        'measures', case kind when 'funnel' then '["users", "open", "of_first", "of_previous", "median_seconds", "p90_seconds"]'::json
                              when 'retention' then '["size", "users", "rate"]'
                              when 'alerts' then '["value", "threshold"]'
                              else '["value", "median", "mad", "z"]' end,
        'rows', case kind when 'funnel' then rollup_serve.funnel_rows(q)
                          when 'retention' then rollup_serve.retention_rows(q)
                          when 'anomalies' then rollup_serve.anomaly_rows(q)
                          when 'alerts' then rollup_serve.alert_rows(q) end,
        'next', null);
end
$$;
comment on function rollup_serve.answer_analysis(jsonb) is
    'Answers a question that rollup_serve.resolve_analysis has resolved, in the form of rollup_serve.answer.';
reset citus.enable_ddl_propagation;
