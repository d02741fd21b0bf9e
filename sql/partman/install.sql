\ir declared_width.sql
\ir is_partman_managed.sql
\ir run_partman_maintenance.sql
