create or replace function rollup_internal.check_jobs(
    names text[], schedule_call text,
    out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    job record;
begin
    for job in execute
        $query$
        select w.name, j.jobid, j.schedule, j.active, j.database, d.status, d.return_message, d.start_time
          from unnest($1) w (name)
          left join cron.job j on j.jobname = w.name
          left join lateral (select x.status, x.return_message, x.start_time from cron.job_run_details x
                              where x.jobid = j.jobid order by x.runid desc limit 1) d on true
        $query$ using names
    loop
        check_name := 'job ' || job.name;
        todo := schedule_call;
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
comment on function rollup_internal.check_jobs(text[], text) is
    'Part of rollup.doctor: pg_cron jobs missing, switched off, failing or elsewhere. schedule_call is what creates them.';
