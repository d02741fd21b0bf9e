-- Processes one window at a time, in turn, so that a long backlog does not block the other rollups.
--
-- A procedure that commits cannot fix its search_path: nothing in it may depend on one.
create or replace procedure rollup.run_all(max_events bigint default 1000000)
    language plpgsql
as $$
declare
    job rollup.job;
begin
    -- As in perform_job: a job begins by cleaning up, which a session's default must not forbid.
    commit;
    set transaction isolation level read committed, read write;
    job := rollup.start_job('run');
    call rollup_internal.perform_job(job, max_events);
end
$$;
comment on procedure rollup.run_all(bigint) is
    'Counts new events into every rollup, in windows of at most max_events ids, with a commit after each. Called '
    'by pg_cron. Raises an error at the end when a rollup failed, or lock_not_available when one was deferred.';
