\ir claim_spool.sql
\ir advance_spool.sql
\ir set_aside_event.sql
\ir wanted_rollups.sql
\ir declare_rollup.sql
