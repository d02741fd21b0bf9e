-- Moves the watermarks and writes the ledger in the transaction that counted, so that a crash leaves either all of
-- it or nothing. From advance_watermarks on, other sessions that count parts of the same backlog wait for the commit.
create or replace function rollup_internal.finish_run(run rollup_internal.run_state)
    returns table (rollup text, status text, events bigint, rows bigint, more boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    if run.status = 'done' then
        -- Whenever ids pass a multiple of ten thousand, so that small runs are included.
        if exists (select from unnest(run.id_ranges) ids where ids.after_id / 10000 <> ids.through_id / 10000) then
            perform rollup_internal.summarize_source(r.source)
               from rollup_internal.rollups r where r.name = run.rollups[1];
        end if;
        perform rollup_internal.analyze_new_targets(run);
        perform rollup_internal.advance_watermarks(run);
        -- Events that were retried without an error.
        delete from rollup_internal.set_aside s
         using unnest(run.id_ranges) ids
         where s.rollup = any (ids.rollups) and s.event_id = ids.through_id and ids.after_id = ids.through_id - 1
           and s.last_tried_at < run.started_at;

        insert into rollup_internal.runs (rollup, status, started_at, finished_at, events, rows, id_ranges)
        select name, run.status, run.started_at, clock_timestamp(), run.events[n], run.rows[n],
               (select jsonb_agg(to_jsonb(ids) - 'rollups')
                  from unnest(run.id_ranges) ids where name = any (ids.rollups))
          from unnest(run.rollups) with ordinality x (name, n)
         where name in (select unnest(ids.rollups) from unnest(run.id_ranges) ids);
        delete from rollup_internal.runs r
         where r.rollup = any (run.rollups)
           and r.started_at < now() - rollup_internal.setting('rollup.keep_runs')::interval;
    end if;
    return query
        select name, run.status, run.events[n], run.rows[n], run.more
          from unnest(run.rollups) with ordinality x (name, n);
end
$$;
comment on function rollup_internal.finish_run(rollup_internal.run_state) is
    'Moves the watermarks past what a run has counted, records the run, and returns its outcome for each rollup.';
