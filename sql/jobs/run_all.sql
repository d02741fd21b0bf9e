-- One window at a time, in turn, and a commit after each, so that a long backlog neither makes a
-- long transaction nor keeps the other rollups waiting.
-- A procedure that commits cannot fix its search_path: nothing in it may depend on one.
create or replace procedure rollup.run_all(max_events bigint default 1000000)
    language plpgsql
as $$
declare
    task rollup_internal.job;
begin
    loop
        task := rollup_internal.run_step(task, max_events);
        commit;
        exit when rollup_internal.finish_job(task);
    end loop;
end
$$;
comment on procedure rollup.run_all(bigint) is
    'Counts new events into every rollup, in windows of at most max_events ids, committing after '
    'each. What pg_cron calls. Raises at the end when a rollup failed, or lock_not_available when '
    'one was deferred.';
