\ir begin_run.sql
\ir summarize_brin.sql
\ir analyze_new_targets.sql
\ir finish_run.sql
\ir run.sql
\ir run_family.sql
\ir record_failure.sql
