-- The server measures from the start of the client's statement, so all transactions of a procedure that commits
-- share one limit.
--
-- In PL/pgSQL, which keeps the plan for the session: every run calls it.
create or replace function rollup_internal.statement_time_left()
    returns interval
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return statement_timestamp()
           + nullif(current_setting('statement_timeout')::interval, interval '0')
           - clock_timestamp();
end
$$;
comment on function rollup_internal.statement_time_left() is
    'Time left before statement_timeout cancels the client''s statement; NULL without a timeout.';
