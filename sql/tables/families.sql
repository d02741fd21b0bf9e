-- Rollups that differ only in their bucket form a family: the new events are read once, grouped by
-- the finest bucket, and every member is fed from there.
create table if not exists rollup.families (
    id            bigint primary key generated always as identity,
    function_name text   unique
);
comment on table rollup.families is 'Rollups that share source, tenant, dimensions, measures and filter.';
comment on column rollup.families.function_name is
    'Qualified and quoted name of the function that counts for all members in one statement. NULL for a '
    'family of one, and on Citus, which pushes down no such statement: there each member is run by itself.';
