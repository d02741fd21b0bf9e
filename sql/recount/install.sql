\ir parse_tenant.sql
\ir verify.sql
\ir rebuild.sql
\ir rebuild_steps.sql
\ir repair.sql
\ir measure_backfill_steps.sql
\ir fill_measures.sql
