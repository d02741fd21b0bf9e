-- Numbers that people give to tenants themselves are small, and those drawn from time stamps are far above 2^53,
-- which JavaScript cannot hold.
create or replace function rollup_internal.first_site_id()
    returns bigint
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    largest constant bigint := 4000000000000000;
    first_id bigint := 1000000001;
    counted record;
    highest bigint;
begin
    for counted in
        select r.target, r.tenant
          from rollup_internal.rollups r
          join pg_attribute a on a.attrelid = r.target and a.attname = r.tenant and not a.attisdropped
         where a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
    loop
        execute format('select max(%1$I) from %2$s where %1$I < $1', counted.tenant, counted.target)
           into highest using largest;
        first_id := greatest(first_id, highest + 1);
    end loop;
    return first_id;
end
$$;
comment on function rollup_internal.first_site_id() is
    'Where the numbers of sites begin: above 1,000,000,000, and above the tenants that rollups have counted.';
