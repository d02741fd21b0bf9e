create or replace function rollup_analytics_internal.may_run_report(report_name text, owner name)
    returns boolean
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as $$
    select rollup_analytics_internal.may_own(owner)
        or exists (
            select from rollup_analytics.report_grants g
             where g.report = report_name
               and (g.role = 'public' or rollup_analytics_internal.may_own(g.role)));
$$;
comment on function rollup_analytics_internal.may_run_report(text, name) is
    'Whether the current role owns a report, or it was granted to a role that it is a member of.';
