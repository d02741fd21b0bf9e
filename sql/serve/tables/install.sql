\ir set_aside.sql
\ir fields.sql
\ir keys.sql
