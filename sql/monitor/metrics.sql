-- On Citus the view stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.metrics', $query$
    select m.metric, m.kind, m.help, m.metric || s.suffix as sample, s.labels, s.value,
           row_number() over (order by m.place, s.place) as place
      from (values
           (1, 'rollup_build_info', 'gauge', 'Versions of the rollup package and of PostgreSQL; always 1.'),
           (2, 'rollup_source_ids_total', 'counter', 'Ids that the source has issued: its growth is the rate of ingest.'),
           (3, 'rollup_lag_seconds', 'gauge', 'How long the oldest uncounted event may have been waiting.'),
           (4, 'rollup_lag_events', 'gauge', 'Events that are not counted yet; ids where they are many.'),
           (5, 'rollup_lag_incomplete', 'gauge', '1 if the lag of the rollup could not be read completely.'),
           (6, 'rollup_backlog_ids', 'gauge', 'Ids below the watermark that are not counted yet.'),
           (7, 'rollup_set_aside_events', 'gauge', 'Events that could not be counted.'),
           (8, 'rollup_last_success_timestamp_seconds', 'gauge', 'When the rollup last counted events.'),
           (9, 'rollup_runs_total', 'counter', 'Runs that counted events, were deferred or failed.'),
           (10, 'rollup_run_events_total', 'counter', 'Events counted.'),
           (11, 'rollup_run_rows_total', 'counter', 'Rows of the rollup inserted or updated.'),
           (12, 'rollup_run_duration_seconds', 'histogram', 'How long runs took.'),
           (13, 'rollup_partition_bytes', 'gauge', 'Size of a source or rollup with its indexes, at the last vacuum or analyze.'),
           (14, 'rollup_partitions', 'gauge', 'Partitions of a source or rollup.'),
           (15, 'rollup_partitions_ahead', 'gauge', 'Partitions that begin in the future.'),
           (16, 'rollup_load_rows_total', 'counter', 'Rows that rollupctl load has loaded.'),
           (17, 'rollup_pending_changes', 'gauge', 'Tenants and times whose events have changed since they were counted.'),
           (18, 'rollup_pending_change_seconds', 'gauge', 'Age of the oldest change that is not counted again yet.'),
           (19, 'rollup_corrected_buckets_total', 'counter', 'Ranges of buckets counted again because events had changed.'),
           (20, 'rollup_check_samples_total', 'counter', 'Tenants and buckets that rollup.check_samples has compared.'),
           (21, 'rollup_check_differences', 'gauge', 'Of these, those that differ from their events.'),
           (22, 'rollup_check_timestamp_seconds', 'gauge', 'When rollup.check_samples last compared the rollup.'),
           (23, 'rollup_node_up', 'gauge', '1 if the node answers.'),
           (24, 'rollup_hidden', 'gauge', '1 for a metric that could not be read, for lack of a privilege, because of a lock or without a node.')) m (place, metric, kind, help)
      join rollup_internal.metric_samples() with ordinality s (metric, suffix, labels, value, place) using (metric)
     order by m.place, s.place
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.metrics is
    'Numbers for monitoring systems, as samples of Prometheus metrics. Answers with what the role may read; '
    'rollup.metrics_text() has them as text.';
comment on column rollup.metrics.sample is 'Name of the sample: that of the metric, for a histogram with its suffix.';
comment on column rollup.metrics.place is 'Order of the samples.';
