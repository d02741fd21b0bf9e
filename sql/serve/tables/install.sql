\ir spools.sql
\ir set_aside.sql
\ir fields.sql
