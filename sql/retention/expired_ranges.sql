-- Counted bucket by bucket in one statement, so that Citus has its shards count, and cut at buckets:
-- a part that is deleted leaves no half of one.
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.expired_ranges(
    r rollup_internal.rollups, max_rows bigint,
    out relation regclass, out is_partition boolean,
    out range_from timestamptz, out range_to timestamptz, out rows bigint)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    cutoff constant timestamptz := rollup_internal.retention_cutoff(r);
begin
    if cutoff is null then
        return;
    end if;
    relation := r.target;
    if rollup_internal.partition_column(r.target) = r.bucket_column then
        return query
            select p.partition, true, p.range_from, p.range_to, null::bigint
              from rollup.partitions(r.target) p
             where p.range_to <= cutoff
             order by p.range_to;
        select p.partition into relation from rollup.partitions(r.target) p where p.is_default;
    end if;
    return query execute format($text$
        with buckets as materialized (
            select %1$I as bucket, count(*) as rows from %2$s where %1$I < %3$L group by 1
        )
        select %2$L::regclass, false, min(b.bucket),
               coalesce(lead(min(b.bucket)) over (order by b.part), %3$L), sum(b.rows)::bigint
          from (select x.bucket, x.rows, div(sum(x.rows) over (order by x.bucket) - 1, %4$s) as part
                  from buckets x) b
         group by b.part
         order by b.part
    $text$, r.bucket_column, relation, cutoff, max_rows);
end
$$;
comment on function rollup_internal.expired_ranges(rollup_internal.rollups, bigint) is
    'What of a rollup is older than it is kept: partitions, and ranges of whole buckets in '
    'what is not partitioned, of about max_rows rows each; the oldest first.';
reset citus.enable_ddl_propagation;
