-- The extension counts rows in a hash table as they arrive: whenever the table has more than 3 times
-- topn.number_of_counters keys, the smaller half is discarded, and at the end topn.number_of_counters keys are
-- kept. Here the items are collected and counted at the end, so only the final truncation loses any.
--
-- Error bounds of a counter, with N counters in an object:
--   * it is never too high;
--   * an object made from items is exact, and complete if it has fewer than N entries;
--   * an item that is missing from a full object occurred at most as often as its smallest counter;
--   * merging adds up: the bound of a full object is its smallest counter (0 if it is not full); in a union a
--     counter is too low by at most the sum of the bounds of its inputs, and a truncated union adds its own
--     smallest counter.
--
-- The state is an array, because only a superuser may use "internal"; array_append extends it in place. A group
-- needs memory for every item, including repetitions, and an array is limited to 134 million items. There is no
-- combine function: partial states would be as long as the rows. Citus recognizes topn_add_agg by name and,
-- without a combine function, runs it on the shards and topn_union_agg on the results.

-- PL/pgSQL, because it caches the plan of topn_count; an SQL function would be planned again for every group.
create or replace function rollup_compat.topn_add_final(items text[])
    returns jsonb
    language plpgsql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
begin
    return rollup_compat.topn_count(items, rollup_compat.topn_counters());
end
$$;
comment on function rollup_compat.topn_add_final(text[]) is
    'TopN stand-in, internal. Final function of topn_add_agg.';

create or replace aggregate rollup_compat.topn_add_agg(item text) (
    sfunc = array_append,
    stype = text[],
    finalfunc = rollup_compat.topn_add_final,
    parallel = safe
);
comment on aggregate rollup_compat.topn_add_agg(text) is
    'TopN. Counts items: exact, then cut to topn.number_of_counters.';
