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
    width interval := rollup_internal.declared_width(relation);
    is_partmans constant boolean := width is null and rollup_internal.is_partman_managed(relation);
    ahead int := 4;
    last_start timestamptz;
begin
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
        range_to := case when is_partmans then range_from + width
                         else upper(rollup_internal.partition_range(width, range_from)) end;
        select n.partition_schema, n.partition_name into partition_schema, partition_name
          from rollup_internal.partition_name(relation, width, range_from) n;
        return next;
        last_start := range_from;
        range_from := range_to;
    end loop;
end
$$;
comment on function rollup_internal.upcoming_partitions(regclass, timestamptz) is
    'Partitions that a table lacks according to its declared partition_interval or to pg_partman, after the last one or from a '
    'given time on.';
