-- The result is committed before the error is raised.
--
-- A procedure that commits cannot fix its search_path: nothing in it may depend on one.
create or replace procedure rollup.check_samples(duration pg_catalog.interval default '5 seconds')
    language plpgsql
as $$
declare
    job constant rollup.job := rollup.start_job('check', null, duration);
begin
    call rollup_internal.perform_job(job);
end
$$;
comment on procedure rollup.check_samples(interval) is
    'Compares random tenants and buckets of every rollup with their events, for about as long as given in all, and records the '
    'result: rollup.doctor and rollup.metrics show it. Called by pg_cron every hour. Raises an error at the end when '
    'something differs; nothing is repaired.';
