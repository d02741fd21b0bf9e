create or replace function rollup_internal.lock_expiry(source regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not pg_try_advisory_xact_lock(hashtextextended('rollup.expire', source::oid::bigint)) then
        raise exception using
            errcode = 'lock_not_available',
            message = format('events of %s are being expired by another session', source),
            hint = 'Nothing was changed. There is nothing to do if that one succeeds.';
    end if;
end
$$;
comment on function rollup_internal.lock_expiry(regclass) is
    'Keeps other sessions from expiring events of a source until the transaction ends; raises lock_not_available if '
    'one is doing so.';
