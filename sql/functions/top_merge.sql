create or replace function rollup.top_merge(lists jsonb[], counters int)
    returns jsonb
    language sql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
begin atomic
    select rollup.top_list(pg_catalog.array_agg(p.key), pg_catalog.array_agg(p.value::numeric), counters)
      from pg_catalog.unnest(lists) l (list)
     cross join pg_catalog.jsonb_each_text(l.list) p;
end;
comment on function rollup.top_merge(jsonb[], int) is
    'Internal. One top list of several, cut to a number of items (none when NULL).';
