-- A prepared transaction that has lived through a restart of the server goes on under another
-- virtual transaction (-1/xid; in older minor releases as soon as it is prepared), so that no list
-- made before shows it: every transaction prepared like that counts as having been there.
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
    'Those of some writers (node group:virtual transaction) that nodes still show as open.';
