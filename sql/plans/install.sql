\ir declaration.sql
\ir declared_rollup.sql
\ir create_call_text.sql
\ir declaration_sql.sql
\ir plan_step.sql
\ir plan.sql
\ir apply.sql
