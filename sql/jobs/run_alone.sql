-- A failure rolls back this one window, and is kept for the end of run_all.
create or replace function rollup_internal.run_alone(task rollup_internal.job, rollup_name text, max_events bigint)
    returns rollup_internal.job
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    started_at timestamptz := clock_timestamp();
    more boolean;
    message text;
    detail text;
begin
    select r.more into more from rollup.run(rollup_name, max_events) r;
    if more and rollup_name <> all (task.waiting) then
        task.waiting := task.waiting || rollup_name;
    end if;
    return task;
exception
    when lock_not_available then
        get stacked diagnostics message = message_text, detail = pg_exception_detail;
        perform rollup_internal.record_failure(rollup_name, 'deferred', started_at, message);
        task.failures := task.failures || concat_ws('. ', message, nullif(detail, ''));
        return task;
    when others then
        get stacked diagnostics message = message_text, detail = pg_exception_detail;
        perform rollup_internal.record_failure(rollup_name, 'failed', started_at, message);
        task.failures := task.failures
            || format('rollup %I failed: %s', rollup_name, concat_ws('. ', message, nullif(detail, '')));
        task.only_deferred := false;
        return task;
end
$$;
comment on function rollup_internal.run_alone(rollup_internal.job, text, bigint) is
    'Runs one window of one rollup and answers the task with what is left, and what failed.';
