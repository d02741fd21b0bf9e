create or replace function rollup_internal.top_union_final(lists jsonb[])
    returns jsonb
    language sql
    immutable
    parallel safe
    return rollup_internal.top_merge(lists, null);
comment on function rollup_internal.top_union_final(jsonb[]) is 'Final function of rollup.top_union_agg.';
