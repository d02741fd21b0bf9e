-- Rollups that differ only in their bucket form a family: the new events are read once, grouped by
-- the finest bucket, and every member is fed from there.
create table if not exists rollup_internal.families (
    id            bigint primary key generated always as identity,
    function_name text   unique
);
comment on table rollup_internal.families is 'What the view rollup.families shows.';
