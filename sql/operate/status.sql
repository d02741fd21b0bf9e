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
                         case when l.oldest is not null
                              then greatest(clock_timestamp() - l.oldest, interval '0') end)), 3) end as lag_seconds,
           done.finished_at as last_done,
           latest.finished_at as last_run,
           latest.status as last_status,
           case when latest.status <> 'done' then latest.message end as last_message,
           b.ids_left as backlog_ids,
           b.filled_percent,
           (select count(*) from rollup_internal.set_aside s where s.rollup = r.name) as set_aside,
           l.note
      from rollup_internal.rollups r
      left join rollup_internal.rollup_lags() l on l.rollup = r.name
      left join lateral (select min(as_of) as as_of from rollup_internal.watermarks where rollup = r.name) w on true
      left join lateral (select finished_at, status, message from rollup_internal.runs
                          where rollup = r.name order by id desc limit 1) latest on true
      left join lateral (select finished_at from rollup_internal.runs
                          where rollup = r.name and status = 'done' order by id desc limit 1) done on true
     cross join lateral rollup_internal.backlog_progress(r.name) b
     order by r.id
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.status is 'How far each rollup is behind, and the outcome of its last run.';
comment on column rollup.status.lag_events is
    'Committed events above the watermark that are not counted yet: exact up to 20,000 ids. Above, the number of ids '
    'issued, which includes those of open and rolled back transactions and of events that the filter rejects. NULL '
    'if the source does not exist.';
comment on column rollup.status.backlog_ids is
    'Ids below the watermark that are not counted yet, for a rollup that is filled newest first; see '
    'rollup.backfill.';
comment on column rollup.status.filled_percent is
    'Percentage of the initial backlog that is counted: by ids, of nodes with a remaining backlog.';
comment on column rollup.status.lag_seconds is
    'How long the oldest of these events may have been waiting: since its event_time or since the last window, '
    'whichever is later.';
comment on column rollup.status.last_status is
    'Status of the last run that counted events, was deferred or failed; runs without new events are not '
    'recorded.';
comment on column rollup.status.set_aside is 'Events that could not be counted; see rollup.set_aside.';
comment on column rollup.status.note is
    'What the lag does not include or could not read: a Citus node that did not answer, a table or sequence that '
    'this role may not read.';
