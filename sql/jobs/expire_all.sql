-- A commit after each part, so that a kill leaves what was done, and neither runs nor readers wait
-- for the rest.
-- A procedure that commits cannot fix its search_path: nothing in it may depend on one.
create or replace procedure rollup.expire_all(max_rows bigint default 1000000)
    language plpgsql
as $$
declare
    job constant rollup.job := rollup.start_job('expire');
begin
    call rollup_internal.perform_job(job, max_rows);
end
$$;
comment on procedure rollup.expire_all(bigint) is
    'Enforces every retention there is (rollup.retention), committing after each partition, or about '
    'max_rows rows. What pg_cron calls. Raises at the end for events that a rollup has not counted, '
    'which stay, or lock_not_available when something was in use; the rest is done.';
