-- Partitions made by hand have the length of the latest one.
create or replace function rollup_internal.partition_width(relation regclass)
    returns interval
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
    set timezone = 'UTC'
as $$
declare
    width interval := rollup_internal.declared_width(relation);
begin
    if width is null and rollup_internal.is_partman_managed(relation) then
        execute format('select partition_interval::interval from %I.part_config where parent_table = $1',
                       rollup_internal.extension_schema('pg_partman')) into width using relation::text;
    end if;
    if width is null then
        select p.range_to - p.range_from into width
          from rollup.partitions(relation) p
         where not p.is_default and isfinite(p.range_from) and isfinite(p.range_to)
         order by p.range_from desc limit 1;
        width := rollup_internal.calendar_width(width);
    end if;
    return width;
end
$$;
comment on function rollup_internal.partition_width(regclass) is
    'The length of a table''s partitions: by its declaration, by pg_partman, or that of the latest; NULL if unknown.';
