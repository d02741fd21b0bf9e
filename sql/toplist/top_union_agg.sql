-- Nothing is cut: what is read is not stored. Lists are collected and added up once. Without a combine
-- function: those of array_append's kind find no types in what Citus makes of an aggregate on workers. So
-- over several shards Citus gathers the lists; over one, it unites them there.
create or replace aggregate rollup.top_union_agg(list jsonb) (
    sfunc = array_append,
    stype = jsonb[],
    finalfunc = rollup_internal.top_union_final,
    parallel = safe
);
comment on aggregate rollup.top_union_agg(jsonb) is
    'The union of top lists, with or without weights: what each item has in all of them. Read it with rollup.top.';
