\ir id_range.sql
\ir run_state.sql
\ir job.sql
\ir measure.sql
\ir measure_column.sql
\ir target_column.sql
