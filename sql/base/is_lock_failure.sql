-- On Citus a lock timeout on another node is an internal error.
create or replace function rollup_internal.is_lock_failure(state text, message text)
    returns boolean
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
    return state in ('55P03', '40P01')
        or state = 'XX000' and message like 'failure on connection marked as essential%';
comment on function rollup_internal.is_lock_failure(text, text) is
    'Whether an error, of a SQLSTATE and a message, says that a lock was not available in time, or a deadlock.';
