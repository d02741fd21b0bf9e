create or replace function rollup.create_rollup(
    name          text,
    source        regclass,
    bucket        interval,
    measures      json,
    dimensions    text[]  default '{}',
    target        text    default null,
    tenant        text    default 'customer_id',
    id_column     text    default 'event_id',
    time_column   text    default 'event_time',
    bucket_column text    default 'bucket',
    filter        text    default null,
    function_name text    default null,
    work_mem      text    default null,
    newest_first  boolean default null,
    time_zone     text    default null,
    keep               interval default null,
    partition_interval interval default null)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set datestyle = 'ISO, MDY'
    set standard_conforming_strings = on
    set quote_all_identifiers = off
as $$
#variable_conflict use_variable
declare
    declared rollup_internal.rollups;
    existing rollup_internal.rollups;
    source_schema name;
    target_name text;
    target_table regclass;
    columns rollup_internal.target_column[];
    of_table jsonb;
    same_but_measures boolean;
begin
    if coalesce(name, '') = '' or source is null or bucket is null or measures is null then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = 'a rollup needs a name, a source, a bucket and measures';
    end if;
    -- Text, because PostgreSQL truncates a name without a word.
    perform rollup_internal.validate_name_length(n) from unnest(array[tenant, id_column, time_column, bucket_column]) n where n is not null;
    perform rollup_internal.validate_bucket(bucket, time_zone);
    declared.time_zone := rollup_internal.validate_time_zone(time_zone);
    if json_typeof(measures) <> 'object' or measures::text ~ '^[[:space:]]*[{][[:space:]]*[}][[:space:]]*$' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'measures must be an object with at least one measure',
            hint = 'For example {"visits": {"count": "*"}}.';
    end if;
    select n.nspname into source_schema
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid = source and c.relkind in ('r', 'p');
    if not found then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('%s is not a table', source),
            hint = 'A rollup reads a table, partitioned or not.';
    end if;

    -- Unqualified names are in the schema of the source.
    target_name := case when cardinality(parse_ident(coalesce(target, quote_ident(name)))) = 1
        then format('%I.', source_schema) else '' end || coalesce(target, quote_ident(name));

    declared.name := name;
    declared.source := source;
    declared.tenant := tenant;
    declared.id_column := id_column;
    declared.id_sequence := rollup.id_sequence(source, id_column);
    declared.time_column := time_column;
    declared.bucket := bucket;
    declared.bucket_column := bucket_column;
    declared.dimensions := dimensions;
    declared.measures := measures;
    declared.filter := filter;
    declared.work_mem := coalesce(work_mem, '128MB');
    declared.newest_first := coalesce(newest_first, false);
    declared.keep := rollup_internal.validate_retention(keep, bucket);
    declared.partition_interval := rollup_internal.validate_partition_interval(partition_interval, bucket);
    declared.function_name := case
        when function_name is null then format('%I.%I', source_schema, rollup_internal.default_function_name(name))
        when cardinality(parse_ident(function_name)) = 1
            then format('%I.%I', source_schema, (parse_ident(function_name))[1])
        else (select string_agg(quote_ident(n), '.' order by place) from unnest(parse_ident(function_name)) with ordinality p (n, place)) end;

    perform rollup_internal.last_issued_id(declared.id_sequence);
    perform pg_advisory_xact_lock(hashtextextended('rollup.create_rollup', 0));

    select * into existing from rollup_internal.rollups x where x.name = declared.name;
    if found then
        same_but_measures :=
           (existing.source, existing.tenant, existing.id_column, existing.time_column,
            existing.bucket, existing.bucket_column, existing.dimensions,
            existing.filter, existing.target,
            existing.time_zone, extract(month from existing.bucket), extract(year from existing.bucket))
           is not distinct from
           (declared.source, declared.tenant, declared.id_column, declared.time_column,
            declared.bucket, declared.bucket_column, declared.dimensions,
            declared.filter, to_regclass(target_name),
            declared.time_zone, extract(month from declared.bucket), extract(year from declared.bucket))
           -- Parameters that have a default or can be changed later are compared only if given.
           and (function_name is null or declared.function_name = existing.function_name)
           and (declared.keep is null or declared.keep is not distinct from existing.keep)
           and (declared.partition_interval is null or declared.partition_interval is not distinct from existing.partition_interval);
        if same_but_measures and existing.newest_first <> newest_first then
            raise exception using
                errcode = 'feature_not_supported',
                message = format('rollup %I exists already, and was declared with newest_first => %s', name, existing.newest_first),
                hint = 'The order in which history is counted is fixed by the declaration. Leave newest_first out.';
        end if;
        if same_but_measures and existing.measures::jsonb = declared.measures::jsonb then
            if work_mem <> existing.work_mem then
                return rollup.alter_rollup(name, work_mem => work_mem);
            end if;
            perform rollup_internal.create_rollup_function(name);
            return format('rollup %I is there already', name);
        end if;
        raise exception using
            errcode = 'duplicate_object',
            message = format('there is a rollup %I already, declared differently', name),
            hint = case when same_but_measures then rollup_internal.alter_call_text(existing, declared)
                        else format('select rollup.drop_rollup(%L) first, or choose another name.%s', name,
                          case when declared.keep is not null and declared.keep is distinct from existing.keep then
                              format(' The retention alone is changed by select rollup.set_retention(%L, %L).', name, keep) end) end;
    end if;

    perform rollup_internal.validate_sharding(source);
    if tenant is null and rollup_internal.is_distributed(source) then
        raise exception using
            errcode = 'feature_not_supported',
            message = format('%s is distributed: a rollup of it needs its tenant', source),
            hint = 'Name its distribution column with tenant => ….';
    end if;
    if time_column is null or rollup_internal.expression_type(source, quote_ident(time_column)) <> 'timestamp with time zone' then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('%s.%I must be timestamp with time zone', source, time_column),
            hint = (select format('alter table %s alter column %I type timestamptz%s', source, time_column,
                                  case a.atttypid when 'timestamp'::regtype
                                       then format(' using %I at time zone ''UTC''', time_column) end)
                      from pg_attribute a
                     where a.attrelid = source and a.attname = time_column and not a.attisdropped);
    end if;
    if filter is not null and rollup_internal.expression_type(source, filter) <> 'boolean' then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('the filter must be a condition, not %s', filter);
    end if;

    columns := rollup_internal.columns_of(declared);
    select jsonb_agg(jsonb_build_object('name', c.column_name, 'type', c.column_type, 'role', c.role,
                                        'definition', rollup_internal.column_definition(source, c.column_type, c.expression),
                                        'expression', c.expression))
      into of_table
      from unnest(columns) c;
    perform rollup_internal.validate_key_types(of_table);
    perform rollup_internal.validate_column_names(declared, columns);
    perform rollup_internal.validate_function_name(declared);

    target_table := rollup_internal.create_or_adopt_target(target_name, source, tenant, of_table, partition_interval is not null);
    perform rollup_internal.validate_view_names(target_table);
    declared.family := rollup_internal.find_or_create_family(declared);
    insert into rollup_internal.rollups (name, family, source, target, function_name, tenant, id_column, id_sequence,
                                time_column, bucket, bucket_column, dimensions, measures, filter, work_mem,
                                time_zone, keep, partition_interval, newest_first, source_name, target_name)
    values (declared.name, declared.family, declared.source, target_table, declared.function_name, declared.tenant,
            declared.id_column, declared.id_sequence, declared.time_column, declared.bucket,
            declared.bucket_column, declared.dimensions, declared.measures, declared.filter, declared.work_mem,
            declared.time_zone, declared.keep, declared.partition_interval, declared.newest_first,
            source::text, target_table::text);
    perform rollup_internal.record_source_history(source);
    perform rollup_internal.identify_default_partition(source);
    perform rollup_internal.init_watermarks(name, declared.newest_first);
    if partition_interval is not null then
        perform rollup_internal.create_partitions(target_table, rollup_internal.first_partition_start(declared));
    end if;
    perform rollup_internal.create_rollup_function(name);
    perform rollup_internal.sync_family(declared.family);
    perform rollup_internal.create_views(name);
    perform rollup_internal.create_change_triggers(source);
    perform rollup_internal.require_pushdown(name);
    perform rollup_internal.validate_repeatable(declared, columns);
    return format('rollup %I counts %s into %s', name, source, target_table);
end
$$;
comment on function rollup.create_rollup(text, regclass, interval, json, text[], text, text, text, text, text, text, text, text, boolean, text, interval, interval) is
    'Declares a rollup: creates or adopts its table, its unique key and the function that counts new events into '
    'it. Repeating a declaration changes nothing; a different one under the same name raises duplicate_object. '
    'Buckets are up to a day long and counted from 2000-01-01 00:00 UTC or, with time_zone, whole days or months '
    'of that zone. Existing events are counted by the first runs, oldest first. With newest_first, new events '
    'are counted first, and existing events from the newest back, one window for each run: see rollup.backfill.';
