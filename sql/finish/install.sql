\ir citus_settings.sql
\ir forget_dropped.sql
\ir regenerate.sql
\ir drop_stand_ins.sql
\ir drop_old.sql
\ir privileges.sql
\ir record_version.sql
\ir search_path.sql
