-- Commits after each part, so that an interruption keeps completed parts and neither runs nor readers wait for the
-- rest.
--
-- A procedure that commits cannot fix its search_path: nothing in it may depend on one.
create or replace procedure rollup.expire_all(max_rows bigint default 1000000)
    language plpgsql
as $$
declare
    job rollup.job;
begin
    -- As in perform_job: a job begins by cleaning up, which a session's default must not forbid.
    commit;
    set transaction isolation level read committed, read write;
    perform rollup_internal.expire_job_runs();
    job := rollup.start_job('expire');
    call rollup_internal.perform_job(job, max_rows);
end
$$;
comment on procedure rollup.expire_all(bigint) is
    'Enforces all retentions (rollup.retention), with a commit after each partition or about max_rows rows. '
    'Called by pg_cron. Raises an error at the end for events that a rollup has not counted, which are kept, or '
    'lock_not_available when a table was in use; everything else is done.';
