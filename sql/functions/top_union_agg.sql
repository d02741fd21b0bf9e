-- Nothing is cut: what is read is not stored. With a combine function, so that Citus unites on the shards.
create or replace aggregate rollup.top_union_agg(list jsonb) (
    sfunc = array_append,
    stype = jsonb[],
    combinefunc = array_cat,
    finalfunc = rollup.top_merge_all,
    parallel = safe
);
comment on aggregate rollup.top_union_agg(jsonb) is
    'The union of top lists, with or without weights: what each item has in all of them. Read it with rollup.top.';
