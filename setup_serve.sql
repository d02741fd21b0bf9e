-- Optional: what `rollupctl serve` needs, schema "rollup_serve". Running it again upgrades it or changes nothing; an
-- error changes nothing.
\ir sql/prepare/begin.psql
\ir sql/prepare/lock.sql
\ir sql/serve/install.sql
\ir sql/finish/commit.psql
