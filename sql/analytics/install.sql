\ir prepare/install.sql
\ir tables/install.sql
\ir types/install.sql
\ir ask/install.sql
\ir series/install.sql
\ir users/install.sql
\ir products/install.sql
\ir finish/install.sql
