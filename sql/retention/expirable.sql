create or replace function rollup.expirable(
    out kind text, out name text, out partition text, out range_from timestamptz, out range_to timestamptz,
    out rows bigint, out bytes bigint, out action text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
        select x.kind, x.name, e.partition, e.range_from, e.range_to, e.rows, e.bytes, e.action
          from (select * from rollup.retention r where r.keep is not null) x
         cross join lateral rollup_internal.expire_item(x.kind, x.name, true) e;
end
$$;
comment on function rollup.expirable() is
    'What rollup.expire_all would remove now, and what prevents it; changes nothing.';
