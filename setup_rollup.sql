-- Step 3: the rollup package, schema "rollup". Running it again upgrades it or changes nothing.
\ir sql/install.sql
