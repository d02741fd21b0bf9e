-- rollup.doctor finds checks of the analytics by their names. A role that may not read the rules is told of the jobs
-- that there are.
create or replace function rollup_analytics_internal.check_analytics_jobs(
    out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    names text[];
begin
    if not rollup_internal.may_read_jobs() then
        return;
    end if;
    execute $query$
        select array_agg(j.jobname) from cron.job j
         where j.jobname in ('rollup-alerts', 'rollup-reports') and j.database = current_database()
        $query$ into names;
    if has_table_privilege('rollup_analytics.alert_rules', 'select')
       and exists (select from rollup_analytics.alert_rules r where r.enabled) then
        names := names || 'rollup-alerts'::text;
    end if;
    if exists (select from rollup_analytics.reports r where r.every is not null) then
        names := names || 'rollup-reports'::text;
    end if;
    return query
    select c.*
      from rollup_internal.check_jobs(
               array(select distinct n from unnest(names) n order by n), 'select rollup_analytics.schedule()') c;
end
$$;
comment on function rollup_analytics_internal.check_analytics_jobs() is
    'Part of rollup.doctor: the pg_cron jobs of alerts and reports, where there are rules or reports for them.';
