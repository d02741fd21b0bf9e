-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.advance_spool(spool uuid, epoch bigint, through bigint, events bigint)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    update rollup_serve.spools s
       set "position" = through, events = s.events + advance_spool.events, stored_at = now()
     where s.spool = advance_spool.spool and s.epoch = advance_spool.epoch and s."position" < through;
    if not found then
        raise exception using
            errcode = 'serialization_failure',
            message = format('spool %s has been claimed by another process', spool);
    end if;
end
$$;
comment on function rollup_serve.advance_spool(uuid, bigint, bigint, bigint) is
    'Records, in the transaction that stores them, that the events of a spool up to a position are stored. Raises '
    'serialization_failure if another process has claimed the spool since.';
reset citus.enable_ddl_propagation;
