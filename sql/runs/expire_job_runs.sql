-- pg_cron keeps a row for each run of a job permanently: half a million a year for one that runs every minute. Row
-- security of pg_cron shows a role the runs of its own jobs only.
create or replace function rollup_internal.expire_job_runs()
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    deleted bigint := 0;
begin
    if rollup_internal.extension_schema('pg_cron') is null
       or not has_schema_privilege('cron', 'usage')
       or not has_table_privilege('cron.job', 'select')
       or not has_table_privilege('cron.job_run_details', 'select')
       or not has_table_privilege('cron.job_run_details', 'delete')
    then
        return deleted;
    end if;
    execute $delete$
        delete from cron.job_run_details d
         using cron.job j
         where j.jobid = d.jobid
           and j.database = current_database()
           and starts_with(j.jobname, 'rollup-')
           and coalesce(d.end_time, d.start_time) < now() - $1
    $delete$ using rollup_internal.setting('rollup.keep_runs')::interval;
    get diagnostics deleted = row_count;
    return deleted;
end
$$;
comment on function rollup_internal.expire_job_runs() is
    'Deletes what pg_cron keeps of runs of the jobs rollup-… that are older than rollup.keep_runs; returns how many.';
