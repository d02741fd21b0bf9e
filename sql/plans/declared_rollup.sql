-- Text of a file becomes what rollup.create_rollup would store. Whatever that function would refuse is refused by it, when
-- the plan is applied.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.declared_rollup(declaration json)
    returns rollup_internal.rollups
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    known constant text[] := '{name,source,bucket,dimensions,measures,target,tenant,id_column,time_column,bucket_column,
        filter,function_name,work_mem,newest_first,time_zone,keep,partition_interval}';
    named constant text := coalesce(declaration ->> 'name', '');
    wrong text;
    r rollup_internal.rollups;
begin
    if json_typeof(declaration) is distinct from 'object' or named = '' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'a declaration must be an object with a name';
    end if;
    select k into wrong from json_object_keys(declaration) k where k <> all (known) limit 1;
    if found then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('declaration of rollup %I has an unknown parameter "%s"', named, wrong),
            hint = 'There are: ' || array_to_string(known, ', ') || '.';
    end if;
    select k into wrong from unnest('{source,bucket,measures}'::text[]) k where declaration ->> k is null limit 1;
    if found then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = format('declaration of rollup %I lacks "%s"', named, wrong);
    end if;
    r.name := named;
    r.source := to_regclass(declaration ->> 'source');
    if r.source is null then
        raise exception using
            errcode = 'undefined_table',
            message = format('source %s of rollup %I does not exist', declaration ->> 'source', named),
            hint = 'Write the schema before the name of the table.';
    end if;
    r.source_name := declaration ->> 'source';
    r.bucket := (declaration ->> 'bucket')::interval;
    r.dimensions := array(select d.value from json_array_elements_text(declaration -> 'dimensions')
                            with ordinality d (value, place) order by d.place);
    r.measures := declaration -> 'measures';
    r.target_name := declaration ->> 'target';
    r.tenant := nullif(coalesce(declaration ->> 'tenant', 'customer_id'), '');
    r.id_column := coalesce(declaration ->> 'id_column', 'event_id');
    r.time_column := coalesce(declaration ->> 'time_column', 'event_time');
    r.bucket_column := coalesce(declaration ->> 'bucket_column', 'bucket');
    r.filter := declaration ->> 'filter';
    r.function_name := declaration ->> 'function_name';
    r.work_mem := declaration ->> 'work_mem';
    r.newest_first := (declaration ->> 'newest_first')::boolean;
    r.time_zone := rollup_internal.validate_time_zone(declaration ->> 'time_zone');
    r.keep := (declaration ->> 'keep')::interval;
    r.partition_interval := (declaration ->> 'partition_interval')::interval;
    return r;
end
$$;
comment on function rollup_internal.declared_rollup(json) is
    'A declaration ({"name", "source", "bucket", …}) as a rollup; parameters that it does not give are NULL or have '
    'the defaults of rollup.create_rollup. Raises an error for unknown and missing parameters.';
reset citus.enable_ddl_propagation;
