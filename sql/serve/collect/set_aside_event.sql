-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.set_aside_event(
    spool uuid, "position" bigint, event jsonb, sqlstate text, reason text)
    returns void
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
begin atomic
    insert into rollup_serve.set_aside (spool, "position", event, sqlstate, reason)
    values (spool, "position", event, sqlstate, reason);
end;
comment on function rollup_serve.set_aside_event(uuid, bigint, jsonb, text, text) is
    'Keeps an event that the table of events rejects, with the reason.';
reset citus.enable_ddl_propagation;
