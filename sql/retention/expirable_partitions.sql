-- Nothing is locked. What is true of a partition now is checked again when it is dropped.
create or replace function rollup_internal.expirable_partitions(
    source regclass, cutoff timestamptz, max_partitions int default null,
    out partition regclass, out range_from timestamptz, out range_to timestamptz, out is_default boolean,
    out events bigint, out bytes bigint, out late text[])
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    time_column constant text := quote_ident(rollup_internal.partition_column(source));
    size_function constant text := case when rollup_internal.is_distributed(source)
        then 'citus_total_relation_size' else 'pg_total_relation_size' end;
    found_partitions int := 0;
    bounds tstzrange;
begin
    for partition, range_from, range_to, is_default in
        select p.* from rollup.partitions(source) p where p.range_to <= cutoff or p.is_default
    loop
        exit when found_partitions = max_partitions;
        -- Only old events of the default partition; all events of the other partitions are old.
        bounds := case when is_default then tstzrange(null, cutoff) else tstzrange(null, null) end;
        execute format('select count(*) from %s where %s', partition,
                       rollup_internal.all_of(rollup_internal.bounds_conditions(time_column, bounds)))
           into events;
        continue when is_default and events = 0;
        execute format('select %s(%L)', size_function, partition) into bytes;
        late := rollup_internal.uncounted_in_partition(source, partition, bounds);
        range_to := case when is_default then cutoff else range_to end;
        found_partitions := found_partitions + (late = '{}')::int;
        return next;
    end loop;
end
$$;
comment on function rollup_internal.expirable_partitions(regclass, timestamptz, int) is
    'The partitions of a source whose events are all older than cutoff, and last the default partition if it holds '
    'such events: their number, the size of the partition, and a sentence for each rollup that has not counted all of '
    'them. Stops after max_partitions without such a rollup.';
