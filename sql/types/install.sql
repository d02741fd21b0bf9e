\ir id_range.sql
\ir run_state.sql
\ir job.sql
