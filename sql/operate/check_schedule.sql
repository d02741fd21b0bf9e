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
    return query select * from rollup_internal.check_jobs(array(select rollup_internal.wanted_jobs()), 'select rollup.schedule()');
end
$$;
comment on function rollup_internal.check_schedule() is 'Part of rollup.doctor: whether pg_cron is set up, and the jobs of rollup.schedule.';
