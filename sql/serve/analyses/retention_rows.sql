-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.retention_rows(q jsonb)
    returns json
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
declare
    source constant regclass := 'public.events';
begin
    return (
        select coalesce(json_agg(json_build_object('cohort', r.cohort, 'n', r.n, 'size', r.size, 'users', r.users, 'rate', r.rate)
                                 order by r.cohort, r.n), '[]')
          from rollup_analytics.cohort_retention(
                   coalesce(rollup_serve.step_condition(source, q ->> 'first'), 'true'),
                   coalesce(rollup_serve.step_condition(source, q ->> 'recurring'), 'true'),
                   coalesce(q ->> 'period', '1 week')::interval, time_zone => q ->> 'time_zone',
                   mode => coalesce(q ->> 'mode', 'on'), tenant => q ->> 'tenant',
                   range_from => (q ->> 'from')::timestamptz, range_to => (q ->> 'to')::timestamptz,
                   source => source::text, relative_to => coalesce(q ->> 'relative_to', 'cohort')) r);
end
$$;
comment on function rollup_serve.retention_rows(jsonb) is
    'The rows of cohorts that rollup_serve.resolve_analysis has resolved.';
reset citus.enable_ddl_propagation;
