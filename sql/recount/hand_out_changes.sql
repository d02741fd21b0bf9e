-- Notes that another job is handing out are left to it. A rollup that is declared meanwhile begins to count afterwards,
-- and counts events as they are then.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.hand_out_changes(source regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
#variable_conflict use_variable
begin
    with taken as (
        delete from rollup_internal.changes c
         using (select x.id from rollup_internal.changes x where x.source = source for update skip locked) l
         where c.id = l.id
        returning c.*
    ), noted as (
        -- Of a partition that no longer exists, its range is not known.
        select t.tenant,
               -- A bucket of the first times of timestamptz would begin before them.
               case when t.emptied is not null then p.range_from
                    when not isfinite(t.range_from) or t.range_from > '4700-01-01 00:00:00+00 BC' then t.range_from end as range_from,
               case when t.emptied is null then t.range_to
                    else p.range_to - case when isfinite(p.range_to) then interval '1 microsecond' else '0' end end as range_to,
               t.first_id, t.last_id, t.noted_at
          from taken t
          left join rollup.partitions(source) p
            on p.partition::oid = t.emptied and not p.is_default
               and not exists (select from rollup_internal.rollups r
                                where r.source = source
                                  and r.time_column is distinct from rollup_internal.partition_column(source))
    )
    insert into rollup_internal.changed_buckets (rollup, tenant, range_from, range_to, first_id, last_id, noted_at)
    select r.name, case when r.tenant is not null then n.tenant end,
           rollup.bucket_start(r.bucket, r.time_zone, n.range_from),
           case when r.time_zone is null and isfinite(n.range_to) and n.range_to < '290000-01-01 00:00:00+00'
                then rollup.bucket_start(r.bucket, null, n.range_to) + r.bucket  -- for speed
                else upper(rollup_internal.bucket_range(r.bucket, r.time_zone, n.range_to)) end,
           min(n.first_id), max(n.last_id), min(n.noted_at)
      from noted n
     cross join rollup_internal.rollups r
     where r.source = source
     group by 1, 2, 3, 4, (n.first_id is null);
end
$$;
comment on function rollup_internal.hand_out_changes(regclass) is
    'Divides what changes of a source have noted into buckets of each of its rollups.';
reset citus.enable_ddl_propagation;
