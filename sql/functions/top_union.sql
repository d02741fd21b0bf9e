-- Called for every row that an upsert meets: two lists are put together whole, and only items that
-- both have are added up.
create or replace function rollup.top_union(list jsonb, list2 jsonb, counters int)
    returns jsonb
    language plpgsql
    immutable
    strict
    parallel safe
as $$
declare
    joined constant pg_catalog.jsonb := list operator(pg_catalog.||) list2 operator(pg_catalog.||) coalesce((
        select pg_catalog.jsonb_object_agg(p.key, p.value::pg_catalog.numeric
                                                  + (list operator(pg_catalog.->) p.key)::pg_catalog.numeric)
          from pg_catalog.jsonb_each(list2) p
         where list operator(pg_catalog.?) p.key), '{}');
begin
    return case when pg_catalog.jsonb_array_length(pg_catalog.jsonb_path_query_array(joined, '$.*')) > counters
        then rollup.top_shortened(joined, counters) else joined end;
end
$$;
comment on function rollup.top_union(jsonb, jsonb, int) is
    'Internal. One top list of two, cut to a number of items.';
