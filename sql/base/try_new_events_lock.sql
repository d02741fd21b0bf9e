-- One run at a time counts what lies above a watermark. Others, which share the run lock, count parts of the backlog.
create or replace function rollup_internal.try_new_events_lock(names text[])
    returns boolean
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select bool_and(pg_try_advisory_xact_lock(hashtextextended('rollup.new events', r.id)))
          from rollup_internal.rollups r
         where r.name = any (names));
end
$$;
comment on function rollup_internal.try_new_events_lock(text[]) is
    'Reserves the new events of rollups until the transaction ends, and returns whether no other run has reserved them.';
