create or replace function rollup_analytics_internal.owns_report(report_name text)
    returns boolean
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as $$
    select exists (select from rollup_analytics.reports r where r.report = report_name and rollup_analytics_internal.may_own(r.owner));
$$;
comment on function rollup_analytics_internal.owns_report(text) is 'Whether the current role owns a report.';
