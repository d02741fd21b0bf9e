-- It can be interrupted at any time and resumes where it stopped. Runs return busy during a step, so new events
-- are counted after each step.
--
-- A procedure that commits cannot fix its search_path: nothing in it may depend on one.
create or replace procedure rollup.backfill_measures(
    rollup_name pg_catalog.text, step pg_catalog.interval default '1 day',
    pause pg_catalog.interval default '0', tenant pg_catalog.text default null)
    language plpgsql
as $$
declare
    job constant rollup.job := rollup.start_job('backfill measures', array[rollup_name], step, tenant);
begin
    call rollup_internal.perform_job(job, pause => pause);
end
$$;
comment on procedure rollup.backfill_measures(text, interval, interval, text) is
    'Fills in measures added by rollup.alter_rollup from raw events, newest first, in steps of a day by default, '
    'with a commit and a pause after each, for all tenants or one. Other measures do not change. New events are '
    'counted between the steps. An interrupted backfill resumes where it stopped when it is called again. It '
    'ends where raw events were dropped.';
