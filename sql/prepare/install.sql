\ir lock.sql
\ir require_server.sql
\ir schemas.sql
\ir extensions.sql
\ir version.sql
\ir view_matches.sql
\ir replace_view.sql
