-- The latest runs are found by the index on their start; ids would be searched from the end for a rollup that has not
-- run for long. The last one that succeeded may be far back, so the totals say when it was; versions before 0.2 had none.
--
-- On Citus the function stays on the coordinator, where the ledger is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.rollup_status(
    reports jsonb,
    out name text, out source regclass, out target regclass, out lag_events bigint, out lag_seconds numeric,
    out last_done timestamptz, out last_run timestamptz, out last_status text, out last_message text,
    out backlog_ids bigint, out filled_percent numeric, out set_aside bigint, out note text,
    out issued_ids bigint)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select r.name, r.source, r.target, l.lag_events,
           case when l.lag_events is null then null
                when l.lag_events = 0 then 0
                else round(extract(epoch from least(
                         clock_timestamp() - coalesce(w.as_of, r.created_at),
                         case when l.oldest is not null
                              then greatest(clock_timestamp() - l.oldest, interval '0') end)), 3) end,
           coalesce((select t.last_at from rollup_internal.run_totals t where t.rollup = r.name and t.status = 'done'),
                    (select x.finished_at from rollup.runs x
                      where x.rollup = r.name and x.status = 'done'
                      order by x.started_at desc, x.id desc limit 1)),
           latest.finished_at, latest.status,
           case when latest.status <> 'done' then latest.message end,
           b.ids_left, b.filled_percent, s.events, l.note, l.issued
      from rollup_internal.rollups r
      left join rollup_internal.rollup_lags(reports) l on l.rollup = r.name
     cross join lateral (select min(x.as_of) as as_of from rollup_internal.watermarks x where x.rollup = r.name) w
      left join lateral (select x.finished_at, x.status, x.message from rollup.runs x
                          where x.rollup = r.name order by x.started_at desc, x.id desc limit 1) latest on true
     cross join lateral rollup_internal.backlog_progress(r.name) b
     cross join lateral (select count(*) as events from rollup.set_aside x where x.rollup = r.name) s
     order by r.id;
end
$$;
comment on function rollup_internal.rollup_status(jsonb) is
    'The rows of rollup.status, from rollup_internal.node_reports.';
reset citus.enable_ddl_propagation;
