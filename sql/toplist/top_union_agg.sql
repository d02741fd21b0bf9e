-- Nothing is truncated, because the result is not stored. Lists are collected and added up once. There is no
-- combine function: one like array_append could not resolve its types in the aggregate that Citus runs on workers.
-- Over several shards Citus therefore collects the lists, and over a single shard it merges them there.
create or replace aggregate rollup.top_union_agg(list jsonb) (
    sfunc = array_append,
    stype = jsonb[],
    finalfunc = rollup_internal.top_union_final,
    parallel = safe
);
comment on aggregate rollup.top_union_agg(jsonb) is
    'The union of top lists, with or without weights: the total of each item over all lists. Read it with '
    'rollup.top.';
