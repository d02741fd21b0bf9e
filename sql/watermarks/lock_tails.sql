-- Sessions that share the run lock of a rollup change its watermarks, backlogs and tails one after the other. Tails are
-- derived from the other two, and would otherwise lack what another session is about to commit. Statements after the lock
-- see what others have committed. On Citus it is released after all nodes have committed.
create or replace function rollup_internal.lock_tails(names text[])
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('rollup.tails', x.id))
       from (select r.id from rollup_internal.rollups r where r.name = any (names) order by r.id) x;
end
$$;
comment on function rollup_internal.lock_tails(text[]) is
    'Reserves the watermarks, backlogs and tails of rollups until the transaction ends; waits for other sessions.';
