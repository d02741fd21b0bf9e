-- A row without events is not necessarily wrong: the events may have been purged on purpose. Its bucket is left
-- unchanged unless the loss is accepted.
create or replace function rollup.repair(
    rollup_name text, range_from timestamptz default null, range_to timestamptz default null,
    tenant text default null, accept_loss boolean default false)
    returns table (
        rollup text, tenant_id text, bucket timestamptz, events bigint, rows_before bigint, rows_after bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on
as $$
#variable_conflict use_variable
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
    would_lose bigint;
    lost bigint := 0;
begin
    rollup := rollup_name;
    for tenant_id, bucket, would_lose in
        select d.tenant_id, d.bucket, count(*) filter (where d.is_lost)
          from (select v.tenant_id, v.bucket, v.dimensions, bool_and(v.expected is null and v.counted is not null) as is_lost
                  from rollup.verify(rollup_name, range_from, range_to, tenant) v
                 group by v.tenant_id, v.bucket, v.dimensions) d
         group by d.tenant_id, d.bucket
         order by d.bucket, d.tenant_id
    loop
        if would_lose > 0 and not accept_loss then
            lost := lost + would_lose;
            continue;
        end if;
        select b.events, b.rows_before, b.rows_after into events, rows_before, rows_after
          from rollup.rebuild(rollup_name, bucket, upper(rollup_internal.bucket_range(r.bucket, r.time_zone, bucket)), tenant_id, accept_loss) b;
        return next;
    end loop;
    if lost > 0 then
        raise warning using
            message = format('%s rows of rollup %I have no events any more; their buckets were left as they are', lost, rollup_name),
            hint = format('If the events were purged on purpose: select rollup.declare_purged(%L, from, to). '
                          'To remove the rows: select * from rollup.repair(%L, accept_loss => true).',
                          r.source::text, rollup_name);
    end if;
end
$$;
comment on function rollup.repair(text, timestamptz, timestamptz, text, boolean) is
    'Rebuilds exactly the tenants and buckets for which rollup.verify finds a difference, and returns them. '
    'Buckets with rows that have no events any more are left unchanged, with a warning, unless accept_loss.';
