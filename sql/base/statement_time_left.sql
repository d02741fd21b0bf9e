-- The server measures from the start of the client's statement, so all transactions of a procedure that commits
-- share one limit.
create or replace function rollup_internal.statement_time_left()
    returns interval
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
begin atomic
    select pg_catalog.statement_timestamp()
           + nullif(pg_catalog.current_setting('statement_timeout')::interval, interval '0')
           - pg_catalog.clock_timestamp();
end;
comment on function rollup_internal.statement_time_left() is
    'Time left before statement_timeout cancels the client''s statement; NULL without a timeout.';
