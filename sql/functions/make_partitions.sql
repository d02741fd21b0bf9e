-- Four ahead, as pg_partman has it. Tables that pg_partman looks after are left to it. A rollup's
-- partitions are made here: pg_partman may be missing, and its create_parent leaves the session with
-- the search_path that it found inside the caller, which create_rollup has no way to mend.
create or replace function rollup.make_partitions(relation regclass, from_time timestamptz default null)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    width interval;
    is_partmans boolean := false;
    last_start timestamptz;
    start timestamptz;
    next_start timestamptz;
    schema_name name;
    base text;
begin
    if rollup.extension_schema('pg_partman') is not null then
        execute format('select exists (select from %I.part_config where parent_table = $1)',
                       rollup.extension_schema('pg_partman')) into is_partmans using relation::text;
    end if;
    if is_partmans then
        perform rollup.partman_maintenance(relation);
        return;
    end if;
    select r.partition_interval into width from rollup.rollups r where r.target = relation;
    if width is null then
        return;
    end if;
    -- A name that is too long would be cut, and its end is what tells partitions apart.
    select n.nspname, case when octet_length(c.relname) <= 46 then c.relname else format('rollup_%s', c.oid) end
      into schema_name, base
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid = relation;
    if not exists (select from rollup.partitions(relation) p where p.is_default) then
        execute format('create table %I.%I partition of %s default', schema_name, format('%s_default', base), relation);
    end if;
    last_start := lower(rollup.partition_range(width, now() + 4 * width));
    select coalesce(max(p.range_to), lower(rollup.partition_range(width, coalesce(from_time, now()))))
      into start
      from rollup.partitions(relation) p where not p.is_default;
    while start <= last_start loop
        next_start := upper(rollup.partition_range(width, start));
        execute format('create table %I.%I partition of %s for values from (%L) to (%L)', schema_name,
                       format('%s_p%s', base, to_char(start, case when width >= interval '1 day'
                           then 'YYYYMMDD' else 'YYYYMMDD_HH24MI' end)),
                       relation, start, next_start);
        start := next_start;
    end loop;
end
$$;
comment on function rollup.make_partitions(regclass, timestamptz) is
    'Internal. Makes a table''s coming partitions: has pg_partman do it, or makes those of a rollup '
    'that was declared with a partition_interval, the first from a time on.';
