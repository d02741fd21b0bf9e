\ir require_package.sql
\ir schemas.sql
