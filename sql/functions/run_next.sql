-- One window of the rollup whose turn it is. A failure rolls back that window alone, is recorded
-- here, and reported by run_all when the other rollups are done.
create or replace function rollup.run_next(task rollup.task, max_events bigint)
    returns rollup.task
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    rollup_name text;
    started_at timestamptz := clock_timestamp();
    more boolean := false;
    message text;
    detail text;
begin
    if task is null then
        task.waiting := (select array_agg(r.name order by r.id) from rollup.rollups r);
        task.failures := '{}';
        task.put_off := true;
    end if;
    rollup_name := task.waiting[1];
    task.waiting := task.waiting[2:];
    if rollup_name is null then
        return task;
    end if;
    begin
        select r.more into more from rollup.run(rollup_name, max_events) r;
    exception
        when lock_not_available then
            get stacked diagnostics message = message_text, detail = pg_exception_detail;
            perform rollup.record_failure(rollup_name, 'put off', started_at, message);
            task.failures := task.failures || concat_ws(' ', message || '.', nullif(detail, ''));
        when others then
            get stacked diagnostics message = message_text, detail = pg_exception_detail;
            perform rollup.record_failure(rollup_name, 'failed', started_at, message);
            task.failures := task.failures
                || format('rollup %I failed: %s', rollup_name, concat_ws(' ', message || '.', nullif(detail, '')));
            task.put_off := false;
    end;
    if more then
        task.waiting := task.waiting || rollup_name;
    end if;
    return task;
end
$$;
comment on function rollup.run_next(rollup.task, bigint) is
    'Internal. Runs one window of the next waiting rollup (all, for a NULL task) and answers what is left.';
