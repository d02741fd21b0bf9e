-- How far off a value can be: it is never too high, and an item that a list has lost, or has lost
-- some of, is too low by at most the smallest value, not below 0, of each full list that was merged.
-- For that, only items whose value is not negative are cut. A negative one, as of something given
-- back, stays: what it takes off may stand in another list.
-- Numeric sums are exact, whatever their order. Ties go by item, in byte order, so that the same items
-- make the same list everywhere. NaN and the infinities are no JSON numbers, and count as NULL.
create or replace function rollup.top_list(items text[], amounts numeric[], counters int)
    returns jsonb
    language sql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
begin atomic
    select coalesce(pg_catalog.jsonb_object_agg(k.item, k.amount), '{}')
      from (select s.item, s.amount,
                   pg_catalog.row_number() over (order by s.amount desc, s.item) as place
              from (select rollup.top_cut(x.item) collate "C" as item, pg_catalog.sum(x.amount) as amount
                      from rows from (pg_catalog.unnest(items), pg_catalog.unnest(amounts)) x (item, amount)
                     where x.item is not null and x.amount > '-infinity' and x.amount < 'infinity'
                     group by 1) s) k
     where k.place <= counters or k.amount < 0 or counters is null;
end;
comment on function rollup.top_list(text[], numeric[], int) is
    'Internal. A top list of items and their weights: sums by item, cut to a number of items (none when NULL).';
