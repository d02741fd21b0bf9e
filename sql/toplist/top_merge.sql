-- PL/pgSQL, because it keeps its plans, as rollup_internal.top_from_items does.
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
    'One top list of several, cut to a number of items (none when NULL).';
