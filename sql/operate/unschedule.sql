create or replace function rollup.unschedule(out job text, out schedule text, out command text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    if not rollup_internal.may_read_jobs() then
        return;
    end if;
    for job, schedule, command in execute
        'select jobname, schedule, command from cron.job
          where jobname in (''rollup-run'', ''rollup-partitions'', ''rollup-expire'', ''rollup-check'', ''rollup-alerts'', ''rollup-reports'')
            and database = current_database() and username = current_user
          order by jobid'
    loop
        execute 'select cron.unschedule($1)' using job;
        return next;
    end loop;
end
$$;
comment on function rollup.unschedule() is
    'Removes the pg_cron jobs that rollup.schedule created, and returns them.';
