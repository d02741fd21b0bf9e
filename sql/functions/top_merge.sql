-- PL/pgSQL and without a search_path of its own, for the reasons of rollup.top_list.
create or replace function rollup.top_merge(lists jsonb[], counters int default null)
    returns jsonb
    language plpgsql
    immutable
    parallel safe
as $$
declare
    list pg_catalog.jsonb;
    number pg_catalog.int8;
begin
    select pg_catalog.jsonb_object_agg(s.key, s.amount), pg_catalog.count(*)
      into list, number
      from (select p.key collate "C" as key, pg_catalog.sum(p.value::pg_catalog.numeric) as amount
              from (select pg_catalog.unnest(lists) as list) l
             cross join pg_catalog.jsonb_each_text(l.list) p
             group by 1) s;
    return case when number > counters then rollup.top_shortened(list, counters) else coalesce(list, '{}') end;
end
$$;
comment on function rollup.top_merge(jsonb[], int) is
    'Internal. One top list of several, cut to a number of items (none when NULL).';
