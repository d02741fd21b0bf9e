-- The run lock is held from the first read until the change commits: everything counted before was counted without
-- the added measures, everything after with them. A run that has begun with the old function detects the change by
-- the revision once it gets the lock.
create or replace function rollup.alter_rollup(
    name          text,
    add_measures  json     default null,
    drop_measures text[]   default null,
    work_mem      text     default null,
    bucket        interval default null,
    dimensions    text[]   default null,
    tenant        name     default null,
    filter        text     default null)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set standard_conforming_strings = on
    set quote_all_identifiers = off
as $$
#variable_conflict use_variable
declare
    r rollup_internal.rollups;
    altered rollup_internal.rollups;
    fixed text;
    doubled text;
    unknown text;
    added_names text[];
    dropped_names text[];
    added jsonb;
    dropped text[];
    columns rollup_internal.target_column[];
    first_bucket timestamptz;
    last_bucket timestamptz;
    valid_since timestamptz := '-infinity';
begin
    perform rollup_internal.get_rollup(name);
    perform rollup_internal.require_read_committed(format('rollup %I cannot be altered', name));
    perform pg_advisory_xact_lock(hashtextextended('rollup.create_rollup', 0));
    perform rollup_internal.wait_for_run_lock(name);
    r := rollup_internal.get_rollup(name);
    perform rollup_internal.require_same_tables(r);

    select x.what into fixed
      from (values ('bucket', bucket <> r.bucket), ('dimensions', dimensions <> r.dimensions),
                   ('tenant', tenant <> coalesce(r.tenant, '')), ('filter', filter <> coalesce(r.filter, ''))) x (what, differs)
     where x.differs
     limit 1;
    if fixed is not null then
        raise exception using
            errcode = 'feature_not_supported',
            message = format('rollup %I cannot have another %s: rows that are there could not be counted anew without their events',
                             name, fixed),
            hint = format('Declare another rollup beside it: select rollup.create_rollup(name => ''another'', source => %L, …). '
                          'It counts the events that there are.', r.source);
    end if;
    if json_typeof(add_measures) <> 'object' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'add_measures must be an object',
            hint = 'For example {"visits": {"count": "*"}}.';
    end if;

    -- Added last, so that the columns of views keep their places.
    altered := r;
    altered.work_mem := coalesce(work_mem, r.work_mem);
    select json_object_agg(m.key, m.value order by m.place, m.position) into altered.measures
      from (select o.key, o.value, 1 as place, o.position
              from json_each(r.measures) with ordinality o (key, value, position)
             where o.key <> all (coalesce(drop_measures, '{}'))
                or o.value::jsonb = add_measures::jsonb -> o.key
            union all
            select a.key, a.value, 2, a.position
              from json_each(add_measures) with ordinality a (key, value, position)
             where a.value::jsonb is distinct from r.measures::jsonb -> a.key) m;
    for unknown in
        select d from unnest(drop_measures) d where not r.measures::jsonb ? d
    loop
        raise notice 'rollup % has no measure %', quote_ident(name), quote_ident(unknown);
    end loop;
    if altered.measures is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('rollup %I needs at least one measure', name),
            hint = format('select rollup.drop_rollup(%L) removes the rollup.', name);
    end if;
    select m into doubled from json_object_keys(altered.measures) m group by m having count(*) > 1 limit 1;
    if doubled is not null then
        raise exception using
            errcode = 'duplicate_object',
            message = format('rollup %I has a measure %I already, declared differently', name, doubled),
            detail = format('It is %s.', r.measures -> doubled),
            hint = 'Choose another name; or list the measure in drop_measures too, which discards its values.';
    end if;
    added_names := array(select a.key from json_each(altered.measures) a
                          where a.value::jsonb is distinct from r.measures::jsonb -> a.key);
    dropped_names := array(select o.key from json_each(r.measures) o
                            where o.value::jsonb is distinct from altered.measures::jsonb -> o.key);
    if added_names = '{}' and dropped_names = '{}' and altered.work_mem = r.work_mem then
        return format('rollup %I is like that already', name);
    end if;

    columns := rollup_internal.columns_of(altered);
    perform rollup_internal.validate_column_names(altered, columns);
    perform rollup_internal.validate_repeatable(altered, columns, added_names);
    select coalesce(jsonb_agg(jsonb_build_object(
               'name', c.column_name,
               'definition', rollup_internal.column_definition(r.source, c.column_type, c.expression))), '[]')
      into added
      from unnest(columns) c where c.measure = any (added_names);
    dropped := array(select c.column_name from rollup_internal.target_columns(rollup_internal.with_only_measures(r, dropped_names)) c
                      where c.role = 'measure');
    select a.attname into doubled
      from pg_attribute a join jsonb_array_elements(added) x on x ->> 'name' = a.attname
     where a.attrelid = r.target and a.attnum > 0 and not a.attisdropped and a.attname <> all (dropped)
     limit 1;
    if doubled is not null then
        raise exception using
            errcode = 'duplicate_column',
            message = format('table %s has a column %I already, which is not the rollup''s', r.target, doubled),
            hint = 'Rename one of them.';
    end if;

    if added_names <> '{}' then
        execute format('select min(t.%1$I), max(t.%1$I) from %2$s t', r.bucket_column, r.target)
           into first_bucket, last_bucket;
        valid_since := coalesce(rollup.bucket_end(r.bucket, r.time_zone, last_bucket), '-infinity');
    end if;
    delete from rollup_internal.added_measures a where a.rollup = name and a.measure = any (dropped_names || added_names);
    insert into rollup_internal.added_measures (rollup, measure, valid_since, first_bucket)
    select name, a, valid_since, first_bucket from unnest(added_names) a;

    altered.family := rollup_internal.find_or_create_family(altered);
    update rollup_internal.rollups x
       set measures = altered.measures, work_mem = altered.work_mem, family = altered.family, revision = x.revision + 1
     where x.name = r.name;
    perform rollup_internal.create_rollup_function(name);
    perform rollup_internal.sync_family(r.family);
    perform rollup_internal.sync_family(altered.family);
    -- Last, because readers wait from here on.
    perform rollup_internal.alter_target(name, r.target, added, dropped);
    perform rollup_internal.require_pushdown(name);
    return format('rollup %I is altered', name);
end
$$;
comment on function rollup.alter_rollup(text, json, text[], text, interval, text[], name, text) is
    'Adds measures to a rollup, or removes measures and their values, without counting anything again; a name in '
    'both lists is declared again. An added measure is complete from the bucket after the last existing one: see '
    'rollup.measures, and rollup.backfill_measures for earlier buckets. bucket, dimensions, tenant and filter '
    'cannot change: feature_not_supported. If nothing differs, nothing changes. Raises lock_not_available when a '
    'run, or a reader of the table, takes longer than rollup.max_wait.';
