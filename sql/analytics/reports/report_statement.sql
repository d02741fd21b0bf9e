create or replace function rollup_analytics.report_statement(report text, parameters jsonb default '{}')
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    r rollup_analytics.reports;
    problem text;
begin
    select * into r from rollup_analytics.reports x where x.report = report;
    -- Row security hides reports from the owner of the table as from all others, except superusers.
    if not found or not rollup_analytics_internal.may_run_report(r.report, r.owner) then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no report %L that role %I may run', report, current_user),
            hint = coalesce('There are: ' || (select string_agg(x.report, ', ' order by x.report) from rollup_analytics.reports x
                                               where rollup_analytics_internal.may_run_report(x.report, x.owner)),
                            'See rollup_analytics.create_report and rollup_analytics.grant_report.');
    end if;
    select format('report %L has no parameter %s', report, k) into problem
      from jsonb_object_keys(parameters) k where not r.parameters ? k
    union all
    select format('report %L needs parameter %s, of type %s', report, p.key, p.value ->> 'type')
      from jsonb_each(r.parameters) p
     where not p.value ? 'default' and not coalesce(parameters, '{}') ? p.key
     limit 1;
    if problem is not null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = problem,
            hint = case when r.parameters <> '{}' then format('Its parameters: %s.', (
                select string_agg(concat_ws(' ', p.key, p.value ->> 'type',
                                            case when p.value ? 'default' then format('default %s', p.value -> 'default') end), ', ' order by p.key)
                  from jsonb_each(r.parameters) p)) end;
    end if;
    return rollup_analytics_internal.named_values(r.query, (
        select coalesce(jsonb_object_agg(p.key, rollup_analytics_internal.parameter_literal(
                   p.key, p.value, coalesce(parameters -> p.key, p.value -> 'default'))), '{}')
          from jsonb_each(r.parameters) p));
end
$$;
comment on function rollup_analytics.report_statement(text, jsonb) is
    'The query of a report with values for its parameters, each a literal of its type. Raises invalid_parameter_value for a '
    'value that is missing, unknown or of another type.';
