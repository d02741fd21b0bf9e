create or replace function rollup.repair(
    rollup_name text, range_from timestamptz default null, range_to timestamptz default null,
    tenant text default null)
    returns table (
        rollup text, tenant_id text, bucket timestamptz, events bigint, rows_before bigint, rows_after bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on
as $$
#variable_conflict use_variable
declare
    r rollup_internal.rollups;
begin
    rollup := rollup_name;
    select * into r from rollup_internal.rollups x where x.name = rollup_name;
    for tenant_id, bucket in
        select v.tenant_id, v.bucket from rollup.verify(rollup_name, range_from, range_to, tenant) v
         group by v.tenant_id, v.bucket order by v.bucket, v.tenant_id
    loop
        select b.events, b.rows_before, b.rows_after into events, rows_before, rows_after
          from rollup.rebuild(rollup_name, bucket, rollup.bucket_end(r.bucket, r.time_zone, bucket), tenant_id) b;
        return next;
    end loop;
end
$$;
comment on function rollup.repair(text, timestamptz, timestamptz, text) is
    'Rebuilds exactly the tenants and buckets for which rollup.verify finds a difference, and answers them.';
