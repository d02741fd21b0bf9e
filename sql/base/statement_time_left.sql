-- The server counts from the client's statement: a procedure that commits has one limit for all of
-- its transactions.
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
    'How long the client''s statement may still take before statement_timeout cancels it; NULL without a limit.';
