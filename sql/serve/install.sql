\ir prepare/install.sql
\ir tables/install.sql
\ir keys/install.sql
\ir collect/install.sql
\ir ask/install.sql
\ir analyses/install.sql
\ir finish/install.sql
