-- The settings hold for this query only: with them, queries of the catalogs would take longer.
create or replace function rollup_internal.number_by_index(query text)
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set enable_seqscan = off
    set max_parallel_workers_per_gather = 0
    set jit = off
as $$
declare
    number bigint;
begin
    execute query into number;
    return number;
end
$$;
comment on function rollup_internal.number_by_index(text) is
    'The number that a query of events by their ids returns, read through the index of the ids.';
