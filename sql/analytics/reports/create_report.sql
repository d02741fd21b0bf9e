-- The query is prepared once, so that a mistake is reported now. It runs read-only.
create or replace function rollup_analytics.create_report(
    report text, description text, query text, parameters jsonb default '{}', chart jsonb default null,
    every interval default null, run_with jsonb default '{}')
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on
as $$
#variable_conflict use_variable
declare
    owner constant name := (select x.owner from rollup_analytics.reports x where x.report = report);
    statement text;
begin
    if owner is not null and not rollup_analytics_internal.may_own(owner) then
        raise exception using
            errcode = 'insufficient_privilege',
            message = format('report %L is owned by role %I', report, owner);
    end if;
    select rollup_analytics_internal.named_values(query, coalesce(jsonb_object_agg(p.key, rollup_analytics_internal.parameter_literal(
               p.key, p.value, coalesce(p.value -> 'default', 'null'))), '{}')) into statement
      from jsonb_each(parameters) p;
    if statement collate "C" !~* '^\s*(?:select|with|values|table)\M' or statement ~ ';\s*\S' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('report %L must be one query: select … or with …', report);
    end if;
    perform rollup_analytics_internal.report_rows(statement, false);
    insert into rollup_analytics.reports as x (report, description, query, parameters, chart, every, run_with)
    values (report, description, query, parameters, chart, every, coalesce(run_with, '{}'))
    on conflict on constraint reports_pkey do update
       set description = excluded.description, query = excluded.query, parameters = excluded.parameters, chart = excluded.chart,
           every = excluded.every, run_with = excluded.run_with;
end
$$;
comment on function rollup_analytics.create_report(text, text, text, jsonb, jsonb, interval, jsonb) is
    'Creates a report, or changes it. In query, :name is the value of a parameter; parameters names their types: {"tenant": '
    '{"type": "text"}}. Who runs a report needs the privileges that its query needs. every and run_with schedule it: see '
    'run_due_reports.';
