\ir set_aside_event.sql
\ir wanted_rollups.sql
\ir declare_rollup.sql
