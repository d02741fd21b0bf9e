\ir measure_columns.sql
\ir target_columns.sql
\ir max_top_counters.sql
\ir validate_column_names.sql
\ir with_only_measures.sql
\ir number_formula.sql
\ir merge_text.sql
