\ir measure_columns.sql
\ir target_columns.sql
\ir measure_settings.sql
\ir differs_text.sql
\ir validate_column_names.sql
\ir with_only_measures.sql
\ir number_formula.sql
\ir merge_text.sql
