-- After a restart of the server a prepared transaction has another virtual transaction (-1/xid; in older minor
-- releases as soon as it is prepared), which no earlier list contains. Every such prepared transaction is
-- therefore treated as one of the listed writers.
create or replace function rollup_internal.open_writers(writers text[], states jsonb)
    returns text[]
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
begin atomic
    select coalesce(pg_catalog.array_agg(s.key || ':' || w order by s.key, w), '{}')
      from pg_catalog.jsonb_each(states) s, pg_catalog.jsonb_object_keys(s.value -> 'writers') w
     where s.key || ':' || w = any (writers) or w like '-1/%';
end;
comment on function rollup_internal.open_writers(text[], jsonb) is
    'Those of the given writers (node group:virtual transaction) that are still open.';
