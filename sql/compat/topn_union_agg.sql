-- Collects the objects and merges them once, for the same reasons as topn_add_agg (see its comments for the error
-- bounds). Merging them one by one would truncate after every row. PL/pgSQL, because it caches the plan.
create or replace function rollup_compat.topn_union_final(states jsonb[])
    returns jsonb
    language plpgsql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
begin
    return rollup_compat.topn_merge(states, rollup_compat.topn_counters());
end
$$;
comment on function rollup_compat.topn_union_final(jsonb[]) is
    'TopN stand-in, internal. Final function of topn_union_agg.';

create or replace aggregate rollup_compat.topn_union_agg(item_counter jsonb) (
    sfunc = array_append,
    stype = jsonb[],
    finalfunc = rollup_compat.topn_union_final,
    parallel = safe
);
comment on aggregate rollup_compat.topn_union_agg(jsonb) is
    'TopN. The union of counter objects, cut to topn.number_of_counters.';
