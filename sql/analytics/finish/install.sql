\ir triggers.sql
\ir row_security.sql
\ir drop_old.sql
\ir privileges.sql
