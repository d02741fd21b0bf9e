create or replace function rollup_analytics.run_report(report text, parameters jsonb default '{}')
    returns setof json
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    began constant timestamptz := clock_timestamp();
    answer json;
begin
    answer := rollup_analytics_internal.report_rows(rollup_analytics.report_statement(report, parameters));
    perform rollup_analytics.record_report_run(report, parameters, began, json_array_length(answer));
    return query select * from json_array_elements(answer);
end
$$;
comment on function rollup_analytics.run_report(text, jsonb) is
    'Runs a report with the privileges of its caller, read-only, and returns its rows as objects. The run is kept in '
    'rollup_analytics.report_runs. rollupctl report run prints it as a table, CSV, JSON or HTML.';
