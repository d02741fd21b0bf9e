\ir target_key.sql
\ir create_or_adopt_target.sql
\ir alter_call_text.sql
\ir create_rollup.sql
\ir drop_rollup.sql
\ir alter_target.sql
\ir alter_rollup.sql
