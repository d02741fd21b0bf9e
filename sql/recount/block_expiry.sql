create or replace function rollup_internal.block_expiry(source regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('lock table %s in access share mode', source);
    perform from rollup_internal.sources s where s.source = block_expiry.source for share;
end
$$;
comment on function rollup_internal.block_expiry(regclass) is
    'Prevents events of a source from expiring until the transaction ends.';
