-- Partitions made by hand have the length of the latest one. A month is 28 to 31 days, and an hour more or less where
-- partitions follow a time zone with summer time.
create or replace function rollup_internal.partition_width(relation regclass)
    returns interval
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
    set timezone = 'UTC'
as $$
declare
    width interval := (select r.partition_interval from rollup_internal.rollups r where r.target = relation);
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
        width := case
            when width between '27 days 23 hours' and '31 days 1 hour' then interval '1 month'
            when width between '364 days 23 hours' and '366 days 1 hour' then interval '1 year'
            when width >= '23 hours' then make_interval(days => greatest(1, round(extract(epoch from width) / 86400)::int))
            else width end;
    end if;
    return width;
end
$$;
comment on function rollup_internal.partition_width(regclass) is
    'The length of a table''s partitions: by its declaration, by pg_partman, or that of the latest; NULL if unknown.';
