-- How far off a value can be: it is never too high, and an item that a list has lost, or has lost
-- some of, is too low by at most the smallest value, not below 0, of each full list that was merged.
-- For that, only items whose value is not negative are cut. A negative one, as of something given
-- back, stays: what it takes off may stand in another list.
-- Numeric sums are exact, whatever their order. NaN and the infinities are no JSON numbers, and count
-- as NULL.
-- PL/pgSQL, because it keeps its plans: an SQL function would plan anew for every group. A
-- search_path of its own would be set for every group, too.
create or replace function rollup.top_list(items text[], amounts numeric[], counters int)
    returns jsonb
    language plpgsql
    immutable
    parallel safe
as $$
declare
    list pg_catalog.jsonb;
    number pg_catalog.int8;
begin
    select pg_catalog.jsonb_object_agg(s.item, s.amount), pg_catalog.count(*)
      into list, number
      from (select case when pg_catalog.octet_length(x.item) <= 255 then x.item
                        else rollup.top_cut(x.item) end collate "C" as item,
                   pg_catalog.sum(x.amount) as amount
              from (select pg_catalog.unnest(items) as item, pg_catalog.unnest(amounts) as amount) x
             where x.item is not null and x.amount > '-infinity' and x.amount < 'infinity'
             group by 1) s;
    return case when number > counters then rollup.top_shortened(list, counters) else coalesce(list, '{}') end;
end
$$;
comment on function rollup.top_list(text[], numeric[], int) is
    'Internal. A top list of items and their weights: sums by item, cut to a number of items.';
