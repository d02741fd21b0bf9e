create or replace function rollup_internal.record_source_history(source regclass, cutoff timestamptz default null)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    earliest timestamptz;
begin
    if exists (select from pg_partitioned_table p where p.partrelid = record_source_history.source) then
        select min(coalesce(p.range_from, '-infinity')) into earliest
          from rollup.partitions(source) p
         where not p.is_default and rollup_internal.partition_column(source) is not null;
    end if;
    insert into rollup_internal.sources as s (source, covered_from, expired_before)
    values (record_source_history.source, earliest, cutoff)
    on conflict on constraint sources_pkey do update
       set covered_from = least(s.covered_from, excluded.covered_from),
           expired_before = greatest(s.expired_before, excluded.expired_before)
     where (s.covered_from, s.expired_before) is distinct from
           (least(s.covered_from, excluded.covered_from), greatest(s.expired_before, excluded.expired_before));
end
$$;
comment on function rollup_internal.record_source_history(regclass, timestamptz) is
    'Records the start of a source''s earliest partition, and that events before cutoff were removed.';
