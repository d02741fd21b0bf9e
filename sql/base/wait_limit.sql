-- A wait for other sessions takes at most half of the time left by statement_timeout. A statement that is
-- cancelled while it waits could neither report what it waited for nor continue with other work.
--
-- In PL/pgSQL, which keeps the plan for the session: every run calls it.
create or replace function rollup_internal.wait_limit()
    returns interval
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return greatest(least(rollup_internal.setting('rollup.max_wait')::interval,
                          rollup_internal.statement_time_left() / 2),
                    interval '0');
end
$$;
comment on function rollup_internal.wait_limit() is
    'How long to wait for other sessions: rollup.max_wait, or less if statement_timeout leaves less.';
