-- What a role may see and write of reports. Policies are replaced, so that an upgrade changes them.
do $$
declare
    p record;
begin
    for p in
        select *
          from (values
            ('reports', 'seen_by_role', 'select', 'using (rollup_analytics_internal.may_run_report(report, owner))'),
            ('reports', 'made_by_owner', 'insert', 'with check (rollup_analytics_internal.may_own(owner))'),
            ('reports', 'changed_by_owner', 'update', 'using (rollup_analytics_internal.may_own(owner))'),
            ('reports', 'dropped_by_owner', 'delete', 'using (rollup_analytics_internal.may_own(owner))'),
            ('report_grants', 'seen_by_all', 'select', 'using (true)'),
            ('report_grants', 'made_by_owner', 'insert', 'with check (rollup_analytics_internal.owns_report(report))'),
            ('report_grants', 'dropped_by_owner', 'delete', 'using (rollup_analytics_internal.owns_report(report))'),
            ('report_runs', 'seen_by_role', 'select',
             'using (run_by = current_user or login = session_user or rollup_analytics_internal.owns_report(report))'),
            ('report_runs', 'made_by_role', 'insert', 'with check (run_by = current_user and login = session_user)')
          ) p (relation, name, command, condition)
    loop
        execute format('alter table rollup_analytics.%I enable row level security', p.relation);
        execute format('drop policy if exists %I on rollup_analytics.%I', p.name, p.relation);
        execute rollup_internal.fill_template(
            'create policy {name} on rollup_analytics.{relation} for {command} {condition}', to_jsonb(p));
    end loop;
end
$$;
