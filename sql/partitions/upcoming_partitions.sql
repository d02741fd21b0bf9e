-- Four partitions in advance, or as many as pg_partman is configured to create. Its run_maintenance then has none left
-- to create: it would wait for its lock on the table for any time, and all readers and writers behind it.
create or replace function rollup_internal.upcoming_partitions(
    relation regclass, from_time timestamptz default null,
    out partition_schema name, out partition_name name, out range_from timestamptz, out range_to timestamptz)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    extension constant name := rollup_internal.extension_schema('pg_partman');
    width interval := (select r.partition_interval from rollup_internal.rollups r where r.target = relation);
    is_partmans constant boolean := width is null and rollup_internal.is_partman_managed(relation);
    ahead int := 4;
    base text;
    last_start timestamptz;
begin
    select n.nspname, case when octet_length(c.relname) <= 46 then c.relname else format('rollup_%s', c.oid) end
      into partition_schema, base
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid = relation;
    select max(p.range_from), max(p.range_to) into last_start, range_from
      from rollup.partitions(relation) p
     where not p.is_default;
    if is_partmans then
        execute format('select partition_interval::interval, premake from %I.part_config where parent_table = $1', extension)
           into width, ahead using relation::text;
        if last_start is null then
            return;
        end if;
    elsif width is null then
        return;
    else
        range_from := coalesce(range_from, lower(rollup_internal.partition_range(width, coalesce(from_time, now()))));
    end if;
    while case when is_partmans then last_start < now() + ahead * width
               else range_from <= lower(rollup_internal.partition_range(width, now() + ahead * width)) end
    loop
        if is_partmans then
            range_to := range_from + width;
            execute format('select n.partition_schema, n.partition_table from %I.show_partition_name($1, $2) n', extension)
               into partition_schema, partition_name using relation::text, range_from::text;
        else
            range_to := upper(rollup_internal.partition_range(width, range_from));
            -- A name that is too long would be truncated, and the names of partitions differ at their end.
            partition_name := format('%s_p%s', base, to_char(range_from, case when width >= interval '1 day'
                then 'YYYYMMDD' else 'YYYYMMDD_HH24MI' end));
        end if;
        return next;
        last_start := range_from;
        range_from := range_to;
    end loop;
end
$$;
comment on function rollup_internal.upcoming_partitions(regclass, timestamptz) is
    'Partitions that a table lacks according to its partition_interval or to pg_partman, after the last one or from a '
    'given time on.';
