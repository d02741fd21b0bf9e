create or replace function rollup.top_merge_all(lists jsonb[])
    returns jsonb
    language sql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
    return rollup.top_merge(lists, null);
comment on function rollup.top_merge_all(jsonb[]) is 'Internal. Final function of rollup.top_union_agg.';
