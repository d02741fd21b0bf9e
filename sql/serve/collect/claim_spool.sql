-- Waits for a transaction of an earlier process that is still loading the spool: the row is locked.
--
-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.claim_spool(spool uuid, out "position" bigint, out epoch bigint)
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
begin atomic
    insert into rollup_serve.spools as s (spool) values (claim_spool.spool)
        on conflict (spool) do update set epoch = s.epoch + 1, claimed_at = now()
    returning s."position", s.epoch;
end;
comment on function rollup_serve.claim_spool(uuid) is
    'Makes the caller the only process that may load a spool. Returns the position up to which it has been loaded, and '
    'the epoch to pass to rollup_serve.advance_spool.';
reset citus.enable_ddl_propagation;
