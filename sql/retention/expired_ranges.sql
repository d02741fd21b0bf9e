-- Rows are counted by bucket in one statement, which Citus can push down to the shards. Ranges end at bucket
-- boundaries, so no bucket is deleted partially.
--
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
    set row_security = off
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
    return query execute rollup_internal.fill_template(
        $text$with buckets as materialized (
    select {bucket} as bucket, count(*) as rows from {relation} where {condition} group by 1
)
select {name}::regclass, false, min(b.bucket),
       coalesce(lead(min(b.bucket)) over (order by b.slice), {cutoff}), sum(b.rows)::bigint
  from (select x.bucket, x.rows, div(sum(x.rows) over (order by x.bucket) - 1, {max_rows}) as slice
          from buckets x) b
 group by b.slice
 order by b.slice$text$,
        jsonb_build_object(
            'bucket', quote_ident(r.bucket_column),
            'relation', relation,
            'condition', rollup_internal.all_of(rollup_internal.rows_conditions(r, tstzrange(null, cutoff), null)),
            'name', quote_literal(relation),
            'cutoff', quote_literal(cutoff),
            'max_rows', max_rows));
end
$$;
comment on function rollup_internal.expired_ranges(rollup_internal.rollups, bigint) is
    'The rows of a rollup that have exceeded its retention: partitions and, in tables that are not partitioned, '
    'ranges of whole buckets of about max_rows rows each; oldest first.';
reset citus.enable_ddl_propagation;
