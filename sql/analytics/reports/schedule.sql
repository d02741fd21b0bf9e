create or replace function rollup_analytics.schedule(every text default '1 minute', out job text, out schedule text, out command text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    if rollup_internal.extension_schema('pg_cron') is null then
        raise exception using
            errcode = 'undefined_object',
            message = 'pg_cron is not installed in this database',
            hint = 'See rollup.schedule, or run: rollupctl alerts watch';
    end if;
    schedule := rollup_internal.cron_schedule(every);
    for job, command in
        select *
          from (values ('rollup-alerts', 'select from rollup_analytics.evaluate_alerts()'),
                       ('rollup-reports', 'select from rollup_analytics.run_due_reports()')) j (job, command)
    loop
        execute 'select cron.schedule($1, $2, $3)' using job, schedule, command;
        return next;
    end loop;
end
$$;
comment on function rollup_analytics.schedule(text) is
    'Creates or changes the pg_cron jobs rollup-alerts, which evaluates the alert rules, and rollup-reports, which runs the '
    'reports that are due. every is an interval or cron notation. rollup.unschedule removes them.';
