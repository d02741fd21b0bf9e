-- Time ranges whose raw events are gone: purged on purpose, expired, or in a partition that was dropped. A range
-- that a partition covers now is complete, and so is one between partitions that were made for events of the past. If a rollup counts by another time than that of the partitions, they say
-- nothing of its buckets.
create or replace function rollup.missing_ranges(source regclass)
    returns tstzmultirange
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    kept tstzmultirange := '{}';
    gone tstzmultirange := '{}';
    s rollup_internal.sources;
begin
    select * into s from rollup_internal.sources x where x.source = missing_ranges.source;
    if rollup_internal.partition_column(source) is null
       or exists (select from rollup_internal.rollups r
                   where r.source = missing_ranges.source
                     and r.time_column <> rollup_internal.partition_column(missing_ranges.source)) then
        return coalesce(s.purged, gone);
    end if;
    select coalesce(range_agg(tstzrange(p.range_from, p.range_to)), '{}') into kept
      from rollup.partitions(source) p
     where not p.is_default;
    if kept <> '{}' and (upper_inf(kept) or s.covered_from < upper(kept)) then
        gone := tstzmultirange(tstzrange(s.covered_from, upper(kept))) - s.never_covered;
    end if;
    if s.expired_before is not null then
        gone := gone + tstzmultirange(tstzrange(null, s.expired_before));
    end if;
    return gone - kept + coalesce(s.purged, '{}');
end
$$;
comment on function rollup.missing_ranges(regclass) is
    'Time ranges whose raw events were dropped, so that its rollups cannot be compared or rebuilt there.';
