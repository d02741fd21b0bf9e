-- A trigger, so that whatever writes the ledger is counted in the same transaction. It runs with the rights of its owner:
-- a role that may write the ledger needs no privilege on the totals.
--
-- On Citus the function stays on the coordinator, where the ledger is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.count_run()
    returns trigger
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    seconds constant double precision := extract(epoch from coalesce(new.duration, new.finished_at - new.started_at));
    durations constant bigint[] := array(
        select (seconds <= l)::int from unnest(rollup_internal.duration_limits()) with ordinality x (l, n) order by n);
begin
    insert into rollup_internal.run_totals as t (rollup, status, runs, events, rows, seconds, durations, last_at)
    values (new.rollup, new.status, 1, new.events, new.rows, seconds, durations, new.finished_at)
    on conflict (rollup, status) do update
       set runs = t.runs + 1, events = t.events + excluded.events, rows = t.rows + excluded.rows,
           seconds = t.seconds + excluded.seconds, last_at = excluded.last_at,
           durations = array(select coalesce(a, 0) + b
                               from unnest(t.durations, excluded.durations) with ordinality x (a, b, n) order by n);
    return null;
end
$$;
comment on function rollup_internal.count_run() is 'Adds a run of the ledger to rollup_internal.run_totals.';
reset citus.enable_ddl_propagation;
