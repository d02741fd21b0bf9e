-- Moves the watermark and writes the ledger in the transaction that counted, so that a crash at
-- any point leaves both or neither.
create or replace function rollup.finish_run(run rollup.run)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    span rollup.span;
begin
    if run.status <> 'done' then
        return;
    end if;
    foreach span in array run.spans loop
        insert into rollup.watermarks as w (rollup, node_group, last_id, as_of)
        values (run.rollup, span.node_group, span.through_id, run.started_at)
        on conflict (rollup, node_group) do update
           set last_id = excluded.last_id, as_of = excluded.as_of;
    end loop;
    insert into rollup.runs (rollup, status, started_at, finished_at, events, rows, spans)
    values (run.rollup, run.status, run.started_at, clock_timestamp(), run.events, run.rows,
            to_jsonb(run.spans));
    if run.events >= 10000 then
        perform * from rollup.on_each_node(format('select rollup.summarize_blocks(%L)',
            (select r.source from rollup.rollups r where r.name = run.rollup)));
    end if;
    delete from rollup.runs r
     where r.rollup = run.rollup
       and r.started_at < now() - rollup.setting('rollup.keep_runs')::interval;
end
$$;
comment on function rollup.finish_run(rollup.run) is
    'Internal. Moves the watermark over what a run has counted and records the run.';
