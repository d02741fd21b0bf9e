-- pg_cron jobs are named, so scheduling again changes the existing jobs and unscheduling finds them.
--
-- On Citus pg_cron is used on the coordinator only: on the workers it may use another database or not be
-- installed.
create or replace function rollup.schedule(
    every text default '1 minute', retention interval default null,
    out job text, out schedule text, out command text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    -- The view hides settings that the role may not see; current_setting would raise an error.
    cron_database text := (select setting from pg_settings where pg_settings.name = 'cron.database_name');
begin
    if rollup_internal.extension_schema('pg_cron') is null then
        if cron_database = current_database() then
            create extension pg_cron;
        else
            raise exception using
                errcode = 'undefined_object',
                message = 'pg_cron is not installed in this database',
                hint = case
                    when cron_database is not null
                        then format('pg_cron works from database %I here; set cron.database_name = %L to change it, or run: '
                                    'rollupctl rollup --watch', cron_database, current_database())
                    when pg_has_role('pg_read_all_settings', 'usage')
                        then 'Add pg_cron to shared_preload_libraries and set cron.database_name, or run: rollupctl rollup --watch'
                    else 'Have a superuser create it (create extension pg_cron), or run: rollupctl rollup --watch' end;
        end if;
    end if;
    if retention is not null then
        perform rollup.set_retention(s.name, retention)
           from rollup.retention s
          where s.kind = 'source' and s.is_enforced and rollup_internal.partition_column(s.relation) is not null;
    end if;

    for job, schedule, command in
        select jobs.job, jobs.schedule, jobs.command from (values
            (1, 'rollup-run', rollup_internal.cron_schedule(every), 'call rollup.run_all()'),
            (2, 'rollup-partitions', '17 * * * *', 'select rollup.maintain_partitions()'),
            (3, 'rollup-expire', '37 3 * * *', 'call rollup.expire_all()'),
            (4, 'rollup-check', '47 * * * *', 'call rollup.check_samples()')
        ) jobs (place, job, schedule, command)
         where jobs.job in (select rollup_internal.wanted_jobs())
         order by jobs.place
    loop
        execute 'select cron.schedule($1, $2, $3)' using job, schedule, command;
        return next;
    end loop;
end
$$;
comment on function rollup.schedule(text, interval) is
    'Creates or changes the pg_cron jobs rollup-run, rollup-partitions, rollup-expire and rollup-check. every is an interval '
    'or cron notation; intervals below a minute require pg_cron 1.5. A retention is set for every partitioned '
    'source, as by rollup.set_retention; NULL leaves existing retentions unchanged.';
