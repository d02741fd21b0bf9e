-- A report that fails does not keep the others from being run; its error is kept.
create or replace function rollup_analytics.run_due_reports(out report text, out rows bigint, out error text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    r rollup_analytics.reports;
    began timestamptz;
    answer json;
    caller constant text := current_setting('role');
begin
    if not pg_try_advisory_xact_lock(hashtextextended('rollup.run_due_reports', 0)) then
        return;
    end if;
    for r in
        select x.* from rollup_analytics.reports x
         where x.every is not null
           and not exists (select from rollup_analytics.report_runs n
                            where n.report = x.report and n.scheduled and n.started_at > clock_timestamp() - x.every)
         order by x.report
    loop
        report := r.report;
        began := clock_timestamp();
        answer := null;
        error := null;
        begin
            perform set_config('role', r.owner, true);
            answer := rollup_analytics_internal.report_rows(rollup_analytics.report_statement(r.report, r.run_with));
            perform set_config('role', caller, true);
        exception when others then
            get stacked diagnostics error = message_text;
        end;
        rows := json_array_length(answer);
        insert into rollup_analytics.report_runs (report, parameters, started_at, rows, error, scheduled, result)
        values (r.report, r.run_with, began, rows, error, true, answer);
        return next;
    end loop;
end
$$;
comment on function rollup_analytics.run_due_reports() is
    'Runs the reports that are scheduled and due, each as its owner, and keeps their rows in rollup_analytics.report_runs.';
