-- The extension counts rows as they come, in a hash table: whenever that holds more than 3 times
-- topn.number_of_counters keys it throws away the smaller half, and at the end it keeps
-- topn.number_of_counters. Here the items are collected and counted at the end, so nothing is lost
-- but what the last cut takes.
--
-- How far off a counter can be, with N counters to an object:
--   * it is never too high;
--   * an object made from items is exact, and complete when it has fewer than N entries;
--   * an item that a full one lacks occurred at most as often as the smallest counter in it;
--   * merging adds up: call a full object's smallest counter its bound (0 when it is not full); in
--     a union a counter is too low by at most the sum of its inputs' bounds, and a union that is
--     cut adds its own smallest counter to what it may lack.
--
-- The state is an array, since only a superuser may use "internal"; array_append grows it in
-- place. A group needs memory for every item, not only for every different one, and an array ends
-- at 134 million.
-- There is no combine function: partial states would be as long as the rows. Citus knows
-- topn_add_agg by name and, finding none, runs it on the shards and topn_union_agg on the results.

-- PL/pgSQL, because it keeps the plan of topn_count: an SQL function would plan it again for every
-- group.
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
