-- It can be stopped at any moment, and goes on where it was. Runs return busy while a step goes on, so
-- what has come in meanwhile is counted after each.
-- A procedure that commits cannot fix its search_path: nothing in it may depend on one.
create or replace procedure rollup.backfill_measures(
    rollup_name pg_catalog.text, step pg_catalog.interval default '1 day',
    pause pg_catalog.interval default '0', tenant pg_catalog.text default null)
    language plpgsql
as $$
declare
    job constant rollup.job := rollup_internal.start_measure_backfill(rollup_name, step, tenant);
begin
    call rollup_internal.perform_job(job, pause => pause);
    perform rollup_internal.comment_on_measures(rollup_name);
end
$$;
comment on procedure rollup.backfill_measures(text, interval, interval, text) is
    'Fills in measures that rollup.alter_rollup has added, from raw events, newest first, in steps of a day by '
    'default, with a commit and a pause after each, for all tenants or one. Other measures are left alone. What '
    'comes in meanwhile is counted between the steps. Stopped, it goes on where it was when it is called again; '
    'it ends where raw events were dropped.';
