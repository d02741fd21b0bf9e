-- PL/pgSQL, because it caches plans, like rollup_internal.top_from_items.
create or replace function rollup_internal.top_merge(lists jsonb[], counters int default null)
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
    select jsonb_object_agg(s.key, s.amount), count(*)
      into list, number
      from (select p.key collate "C" as key, sum(p.value::numeric) as amount
              from (select unnest(lists) as list) l
             cross join jsonb_each(l.list) p
             group by 1) s;
    return case when number > counters then rollup_internal.top_truncate(list, counters) else coalesce(list, '{}') end;
end
$$;
comment on function rollup_internal.top_merge(jsonb[], int) is
    'The union of top lists, truncated to a number of items (not truncated if NULL).';
