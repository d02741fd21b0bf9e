\ir triggers.sql
\ir drop_old.sql
\ir privileges.sql
