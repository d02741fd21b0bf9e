create or replace function rollup_internal.check_schedule(
    out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- The view hides settings that the role may not see; current_setting would raise an error.
    cron_database constant text := (select s.setting from pg_settings s where s.name = 'cron.database_name');
    job record;
begin
    check_name := 'schedule';
    if rollup_internal.extension_schema('pg_cron') is null then
        status := 'warn';
        finding := case
            when cron_database is null and not pg_has_role('pg_read_all_settings', 'usage')
                then 'pg_cron is not set up here, and this role may not see whether it is loaded'
            when cron_database is null then 'pg_cron is not loaded on this server'
            when cron_database <> current_database() then format('pg_cron works from database %I, not from this one', cron_database)
            else 'pg_cron is loaded, not set up' end;
        todo := case when cron_database = current_database() then 'select rollup.schedule()'
                     else 'rollupctl rollup --watch, or cron.database_name = ' || quote_literal(current_database()) end;
        return next;
        return;
    end if;
    if not rollup_internal.may_read_jobs() then
        status := 'warn';
        finding := format('role %I may not read the jobs of pg_cron', current_user);
        todo := format('grant usage on schema cron to %I', current_user);
        return next;
        return;
    end if;
    for job in execute
        $query$
        select w.name, j.jobid, j.schedule, j.active, j.database, d.status, d.return_message, d.start_time
          from rollup_internal.wanted_jobs() w (name)
          left join cron.job j on j.jobname = w.name
          left join lateral (select x.status, x.return_message, x.start_time from cron.job_run_details x
                              where x.jobid = j.jobid order by x.runid desc limit 1) d on true
        $query$
    loop
        check_name := 'job ' || job.name;
        todo := 'select rollup.schedule()';
        if job.jobid is null then
            status := 'warn';
            finding := case when row_security_active('cron.job')
                            then format('role %I has none, and may not see those of other roles', current_user)
                            else 'there is none' end;
        elsif job.database <> current_database() then
            status := 'fail';
            finding := format('it runs in database %I', job.database);
        elsif not job.active then
            status := 'fail';
            finding := 'it is switched off';
        elsif job.status = 'failed' then
            status := 'fail';
            finding := format('its last run, at %s, failed: %s', date_trunc('second', job.start_time), job.return_message);
            todo := 'see cron.job_run_details and rollup.status';
        else
            status := 'ok';
            finding := format('%s, last run %s', job.schedule,
                            coalesce(job.status || ' at ' || date_trunc('second', job.start_time), 'still to come'));
            todo := null;
        end if;
        return next;
    end loop;
end
$$;
comment on function rollup_internal.check_schedule() is 'Part of rollup.doctor: pg_cron jobs missing, switched off, failing or elsewhere.';
