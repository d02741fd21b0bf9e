-- On Citus the view stays on the coordinator, where the ledger is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.status', $query$
    select r.name,
           r.source,
           r.target,
           l.lag_events,
           case when l.lag_events is null then null
                when l.lag_events = 0 then 0
                else round(extract(epoch from least(
                         clock_timestamp() - coalesce(w.as_of, r.created_at),
                         greatest(clock_timestamp() - l.oldest, interval '0'))), 3) end as lag_seconds,
           done.finished_at as last_done,
           latest.finished_at as last_run,
           latest.status as last_status,
           case when latest.status <> 'done' then latest.message end as last_message,
           b.ids_left as backlog_ids,
           b.filled_percent,
           (select count(*) from rollup_internal.set_aside s where s.rollup = r.name) as set_aside
      from rollup_internal.rollups r
     cross join lateral rollup_internal.rollup_lag(r.name) l
      left join lateral (select min(as_of) as as_of from rollup_internal.watermarks where rollup = r.name) w on true
      left join lateral (select finished_at, status, message from rollup_internal.runs
                          where rollup = r.name order by id desc limit 1) latest on true
      left join lateral (select finished_at from rollup_internal.runs
                          where rollup = r.name and status = 'done' order by id desc limit 1) done on true
     cross join lateral rollup_internal.backlog_progress(r.name) b
     order by r.id
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.status is 'How far each rollup is behind, and how its last run went.';
comment on column rollup.status.lag_events is 'Committed events above the watermark, not counted yet; NULL when the source is gone.';
comment on column rollup.status.backlog_ids is
    'Ids below the watermark still to count, of a rollup that is filled newest first; see rollup.backfill.';
comment on column rollup.status.filled_percent is 'How much of what it had to count at first it has: by ids, of nodes where some is left.';
comment on column rollup.status.lag_seconds is
    'How long the oldest of them may have been waiting: since its event_time, or since the last window if that is less.';
comment on column rollup.status.last_status is 'Of the last run that counted, was deferred or failed; runs over nothing new leave no trace.';
comment on column rollup.status.set_aside is 'Events that could not be counted; see rollup.set_aside.';
