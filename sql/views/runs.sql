-- On Citus the view stays on the coordinator, where the state is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.runs', $query$
    select id, rollup, status, started_at, finished_at, events, rows, id_ranges,
           case when message is null or pg_catalog.has_table_privilege('rollup_internal.runs', 'select') then message else '(hidden)' end as message,
           coalesce(duration, finished_at - started_at) as duration, attempts, sqlstate,
           case when detail is null or pg_catalog.has_table_privilege('rollup_internal.runs', 'select') then detail else '(hidden)' end as detail
      from rollup_internal.runs
$query$);
reset citus.enable_ddl_propagation;
comment on column rollup.runs.message is
    'Why the run was deferred or failed; hidden from roles that may not read rollup_internal.runs: see rollup.isolate.';
comment on view rollup.runs is 'Runs that counted events, were deferred or failed; kept for rollup.keep_runs (7 days).';
comment on column rollup.runs.events is 'Events counted.';
comment on column rollup.runs.rows is 'Rows of the target inserted or updated.';
comment on column rollup.runs.id_ranges is 'Ranges of ids counted: [{"node_group", "after_id", "through_id"}, …].';
comment on column rollup.runs.finished_at is 'For a run deferred repeatedly for the same reason, the last time.';
comment on column rollup.runs.duration is
    'How long the run took; for a run deferred or failed repeatedly for the same reason, the last attempt.';
comment on column rollup.runs.attempts is 'How many times the run was tried and ended for the same reason.';
comment on column rollup.runs.sqlstate is 'Error code of a run that was deferred or failed.';
comment on column rollup.runs.detail is 'Detail of the error message, if there is one.';
