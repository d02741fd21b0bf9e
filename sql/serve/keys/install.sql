\ir create_key.sql
\ir revoke_key.sql
\ir active_keys.sql
\ir require_tenant.sql
\ir isolate_reader.sql
