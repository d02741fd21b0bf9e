create or replace function rollup_analytics.revoke_report(report text, role name)
    returns void
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
    delete from rollup_analytics.report_grants g where g.report = revoke_report.report and g.role = revoke_report.role
       and rollup_analytics_internal.owns_report(g.report);
$$;
comment on function rollup_analytics.revoke_report(text, name) is 'Takes back a grant of grant_report.';
