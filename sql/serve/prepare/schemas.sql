create schema if not exists rollup_serve;
comment on schema rollup_serve is 'What rollupctl serve asks of the database: spools, statistics of sites, queries of rollups, keys.';
