create or replace function rollup_analytics.grant_report(report text, role name)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    if not rollup_analytics_internal.owns_report(report) then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no report %L that role %I owns', report, current_user);
    end if;
    if role <> 'public' and not exists (select from pg_roles r where r.rolname = role) then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no role %I', role),
            hint = 'Grant it to a role of the database, or to public.';
    end if;
    insert into rollup_analytics.report_grants (report, role) values (report, role) on conflict do nothing;
end
$$;
comment on function rollup_analytics.grant_report(text, name) is
    'Lets a role of the database, and its members, run a report; public is every role. For the owner of the report.';
