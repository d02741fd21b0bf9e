-- One installation at a time: a second one waits here, then finds everything in place. After this lock, no wait is
-- unbounded. Locks that would block readers and writers are requested for a short time each, where they are
-- needed.
do $$
begin
    if pg_catalog.statement_timestamp() = pg_catalog.transaction_timestamp() then
        raise exception using
            errcode = 'no_active_sql_transaction',
            message = 'rollup is installed in one transaction',
            hint = E'In psql run \\i setup_rollup.sql; elsewhere begin a transaction first.';
    end if;
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('rollup.install', 0));
    if pg_catalog.current_setting('lock_timeout') = '0' then
        perform pg_catalog.set_config('lock_timeout', '3s', true);
    end if;
    perform pg_catalog.set_config('client_min_messages', 'warning', true);
end
$$;

-- Signatures and bodies in standard SQL resolve their names when they are created, in the path of this session.
-- Operators and types of other schemas must not get into them. sql/finish/search_path.sql restores the path of
-- the caller.
create temporary table if not exists installer on commit drop as
select pg_catalog.current_setting('search_path') as search_path,
       'rollup_compat' operator(pg_catalog.=) any (pg_catalog.current_schemas(false)) as finds_compat;
set local search_path = pg_catalog, pg_temp;
