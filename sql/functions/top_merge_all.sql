create or replace function rollup.top_merge_all(lists jsonb[])
    returns jsonb
    language sql
    immutable
    parallel safe
    return rollup.top_merge(lists, null);
comment on function rollup.top_merge_all(jsonb[]) is 'Internal. Final function of rollup.top_union_agg.';
