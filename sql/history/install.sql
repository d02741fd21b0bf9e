\ir history_ranges.sql
\ir create_history_step.sql
\ir create_history_partitions.sql
