-- Cuts at whole buckets and, in tables partitioned by bucket, at whole partitions: dropping a partition costs very
-- little, so rows of a partition stay until all of it has expired.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.retention_cutoff(r rollup_internal.rollups)
    returns timestamptz
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
declare
    bucket_start constant timestamptz := rollup.bucket_start(r.bucket, r.time_zone, now() - r.keep);
begin
    if rollup_internal.partition_column(r.target) = r.bucket_column then
        return coalesce((select coalesce(p.range_from, '-infinity')
                           from rollup.partitions(r.target) p
                          where not p.is_default
                            and (p.range_from <= bucket_start or p.range_from is null)
                            and (p.range_to > bucket_start or p.range_to is null)), bucket_start);
    end if;
    return bucket_start;
end
$$;
comment on function rollup_internal.retention_cutoff(rollup_internal.rollups) is
    'Rows of buckets that begin before this time have exceeded the rollup''s retention; NULL if all rows are '
    'kept.';
reset citus.enable_ddl_propagation;
