-- A wait for other sessions takes at most half of the time that statement_timeout leaves. Cancelled
-- while it waits, a statement could neither say what it waited for nor go on to what is not held up.
create or replace function rollup_internal.wait_limit()
    returns interval
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
begin atomic
    select greatest(least(rollup.setting('rollup.max_wait')::interval,
                          rollup_internal.statement_time_left() / 2),
                    interval '0');
end;
comment on function rollup_internal.wait_limit() is
    'How long to wait for other sessions: rollup.max_wait, or less where statement_timeout leaves less.';
