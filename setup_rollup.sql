-- Step 3: the rollup package. Running it again upgrades it or changes nothing; an error changes nothing.
\ir sql/prepare/begin.psql
\ir sql/install.sql
\ir sql/analytics/if_installed.psql
\ir sql/serve/if_installed.psql
\ir sql/finish/commit.psql
