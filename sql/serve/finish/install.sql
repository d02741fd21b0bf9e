\ir drop_old.sql
\ir refresh.sql
\ir privileges.sql
