\ir lock.sql
\ir schema.sql

\ir tables/migrations.sql
\ir functions/version.sql
\ir migrations/start.sql
\ir tables/families.sql
\ir tables/rollups.sql
\ir tables/sources.sql
\ir tables/watermarks.sql
\ir tables/runs.sql
\ir tables/loads.sql
\ir migrations/record.sql

\ir types/span.sql
\ir types/run.sql
\ir types/task.sql

\ir functions/extension_schema.sql
\ir functions/setting.sql
\ir functions/is_distributed.sql
\ir functions/nodes.sql
\ir functions/on_each_node.sql
\ir functions/id_sequence.sql
\ir functions/last_id.sql
\ir functions/node_state.sql
\ir functions/wait_for_writers.sql

\ir functions/expression_type.sql
\ir functions/float_differs.sql
\ir functions/top_differs.sql
\ir functions/measure_parts.sql
\ir functions/bucket_expression.sql
\ir functions/target_columns.sql
\ir functions/create_coordinator_function.sql
\ir functions/function_settings.sql
\ir functions/function_text.sql
\ir functions/create_function.sql
\ir functions/upsert_text.sql
\ir functions/family_function_text.sql
\ir functions/create_family.sql
\ir functions/join_family.sql
\ir functions/adopt_table.sql
\ir functions/create_rollup.sql
\ir functions/drop_function.sql
\ir functions/drop_rollup.sql

\ir functions/begin_run.sql
\ir functions/summarize_blocks.sql
\ir functions/finish_run.sql
\ir functions/run.sql
\ir functions/family_members.sql
\ir functions/run_family.sql
\ir functions/record_failure.sql
\ir functions/run_alone.sql
\ir functions/run_next.sql
\ir functions/finished.sql
\ir functions/run_all.sql

\ir functions/partitions.sql
\ir functions/note_source.sql
\ir functions/missing_ranges.sql
\ir functions/uncounted.sql
\ir functions/lag.sql
\ir functions/uncounted_in.sql
\ir functions/lock_briefly.sql
\ir functions/expire.sql
\ir functions/partman_maintenance.sql
\ir functions/drain_default.sql
\ir functions/maintain_sources.sql
\ir functions/maintain_partitions.sql
\ir functions/bad_schedule.sql
\ir functions/cron_schedule.sql
\ir functions/schedule.sql
\ir functions/unschedule.sql

\ir functions/event_range.sql
\ir functions/verify.sql
\ir functions/take_run_lock.sql
\ir functions/rebuild.sql
\ir functions/steps.sql
\ir functions/rebuild_in_steps.sql
\ir functions/repair.sql

\ir views/status.sql

\ir functions/recent_runs.sql
\ir functions/plan_statement.sql
\ir functions/check_extensions.sql
\ir functions/check_sources.sql
\ir functions/check_targets.sql
\ir functions/check_partitions.sql
\ir functions/check_prepared.sql
\ir functions/check_schedule.sql
\ir functions/check_lag.sql
\ir functions/doctor.sql

\ir compat/install.sql
\ir recreate_functions.sql
\ir privileges.sql
\ir unlock.sql
