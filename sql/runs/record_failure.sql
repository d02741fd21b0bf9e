-- Records one row for as long as the reason does not change: a writer that stays open for a day is one deferral,
-- not one for each attempt.
create or replace function rollup_internal.record_failure(
    rollup_name text, failure_status text, started_at timestamptz, failure jsonb)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    said constant text := failure ->> 'message';
    latest rollup_internal.runs;
begin
    if failure_status = 'deferred' then
        perform rollup_internal.record_horizon(rollup_name);
    end if;
    select * into latest from rollup_internal.runs where rollup = rollup_name order by id desc limit 1;
    if latest.status = failure_status and latest.message = said then
        update rollup_internal.runs
           set finished_at = clock_timestamp(), attempts = attempts + 1, detail = failure ->> 'detail',
               duration = clock_timestamp() - record_failure.started_at
         where id = latest.id;
    else
        insert into rollup_internal.runs (rollup, status, started_at, finished_at, message, sqlstate, detail, duration)
        values (rollup_name, failure_status, record_failure.started_at, clock_timestamp(), said,
                failure ->> 'sqlstate', failure ->> 'detail', clock_timestamp() - record_failure.started_at);
    end if;
end
$$;
comment on function rollup_internal.record_failure(text, text, timestamptz, jsonb) is
    'Records in the ledger that a run was deferred or failed, with the error ({"sqlstate", "message", "detail"}); for '
    'a deferral also the horizon that lets the next run progress.';
