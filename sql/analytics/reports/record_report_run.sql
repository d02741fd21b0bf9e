create or replace function rollup_analytics.record_report_run(
    report text, parameters jsonb, started_at timestamptz, rows bigint, error text default null)
    returns void
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
    insert into rollup_analytics.report_runs (report, parameters, started_at, rows, error)
    values (report, coalesce(parameters, '{}'), started_at, rows, left(error, 1000));
$$;
comment on function rollup_analytics.record_report_run(text, jsonb, timestamptz, bigint, text) is
    'Keeps who ran a report, for a client that executes its statement itself.';
