-- Error bound: a value is never too high. An item that was lost completely or in part is too low by at most the
-- smallest value, not below 0, of each full list that was merged. This requires that only items whose value is not
-- negative are removed. A negative one, such as a return, is kept, because the value that it offsets may be in
-- another list.
--
-- Numeric sums are exact in any order. NaN and the infinities cannot be represented in JSON and count as NULL.
--
-- PL/pgSQL, because it caches plans, with a plan_cache_mode of its own (see rollup_internal.function_settings); an
-- SQL function would be planned again for every group.
create or replace function rollup_internal.top_from_items(items text[], amounts numeric[], counters int)
    returns jsonb
    language plpgsql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
declare
    list jsonb;
    number bigint;
begin
    select jsonb_object_agg(s.item, s.amount), count(*)
      into list, number
      from (select case when octet_length(x.item) <= 255 then x.item
                        else rollup_internal.top_key(x.item) end collate "C" as item,
                   sum(x.amount) as amount
              from (select unnest(items) as item, unnest(amounts) as amount) x
             where x.item is not null and x.amount > '-infinity' and x.amount < 'infinity'
             group by 1) s;
    return case when number > counters then rollup_internal.top_truncate(list, counters) else coalesce(list, '{}') end;
end
$$;
comment on function rollup_internal.top_from_items(text[], numeric[], int) is
    'A top list of items and their weights: sums by item, truncated to a number of items.';
