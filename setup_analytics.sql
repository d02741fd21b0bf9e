-- Optional: the analytics, schema "rollup_analytics". Running it again upgrades them or changes nothing; an error
-- changes nothing.
\ir sql/prepare/begin.psql
\ir sql/prepare/lock.sql
\ir sql/analytics/install.sql
\ir sql/finish/commit.psql
