\ir rollups.sql
\ir families.sql
\ir sources.sql
\ir watermarks.sql
\ir backlogs.sql
\ir runs.sql
\ir loads.sql
\ir migrations.sql
