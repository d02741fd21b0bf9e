-- Rollups that differ only in their bucket form a family: the new events are read once, grouped by
-- the finest bucket into the family's batch table, and every member is fed from there.
create table if not exists rollup.families (
    id            bigint   primary key generated always as identity,
    batch         regclass unique,
    function_name text     unique,
    constraint both_or_neither check ((batch is null) = (function_name is null))
);
comment on table rollup.families is 'Rollups that share source, tenant, dimensions, measures and filter.';
comment on column rollup.families.batch is 'Unlogged table, empty but during a run: new events grouped by the finest bucket. NULL for a family of one.';
comment on column rollup.families.function_name is 'Qualified and quoted name of the function that counts for all members. NULL for a family of one.';
