-- On Citus the view stays on the coordinator, where the ledger is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.status', $query$
    select name, source, target, lag_events, lag_seconds, last_done, last_run, last_status, last_message,
           backlog_ids, filled_percent, set_aside, note,
           issued_ids,
           (select pg_catalog.count(*) from rollup.pending_changes p where p.rollup = s.name) as pending_changes
      from rollup_internal.rollup_status(rollup_internal.node_reports()) s
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.status is 'How far each rollup is behind, and the outcome of its last run.';
comment on column rollup.status.lag_events is
    'Committed events above the watermark that are not counted yet: exact up to 20,000 ids. Above, and for events '
    'outside the newest partitions where sources have more than 200, the number of ids issued, which includes those of open and rolled back transactions and of events that the filter rejects. NULL '
    'if the source does not exist.';
comment on column rollup.status.backlog_ids is
    'Ids below the watermark that are not counted yet, for a rollup that is filled newest first; see '
    'rollup.backfill.';
comment on column rollup.status.filled_percent is
    'Percentage of the initial backlog that is counted: by ids, of nodes with a remaining backlog.';
comment on column rollup.status.lag_seconds is
    'How long the oldest of these events may have been waiting: since its event_time or since the last window, '
    'whichever is later. Since the last window, if sources have more than 200 partitions and the event is not '
    'in those of the last six hours.';
comment on column rollup.status.last_status is
    'Status of the last run that counted events, was deferred or failed; runs without new events are not '
    'recorded.';
comment on column rollup.status.set_aside is 'Events that could not be counted; see rollup.set_aside.';
comment on column rollup.status.note is
    'What the lag does not include or could not read: a Citus node that did not answer, a table or sequence that '
    'this role may not read.';
comment on column rollup.status.pending_changes is
    'Tenants and times whose events have changed since they were counted; see rollup.pending_changes.';
comment on column rollup.status.issued_ids is
    'How many ids the source has issued so far, on all nodes that answered: its growth is the rate of ingest.';
