-- Rollups that differ only in their bucket form a family: new events are read once and grouped by the finest
-- bucket, and every member is fed from those groups.
create table if not exists rollup_internal.families (
    id            bigint primary key generated always as identity,
    function_name text   unique
);
comment on table rollup_internal.families is 'What the view rollup.families shows.';
