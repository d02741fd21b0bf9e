-- Compares as rollup.create_rollup does: parameters that have a default or can be changed later count only if given.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.plan_step(
    wanted rollup_internal.rollups,
    out rollup text, out action text, out statements text[], out loses text)
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set intervalstyle = 'postgres_verbose'
    set quote_all_identifiers = off
as $$
declare
    existing rollup_internal.rollups;
    source_schema name;
    target text;
    fixed text;
    added json;
    dropped text[];
begin
    rollup := wanted.name;
    select * into existing from rollup_internal.rollups x where x.name = wanted.name;
    if not found then
        action := 'create';
        statements := array[rollup_internal.create_call_text(wanted)];
        return;
    end if;
    select n.nspname into source_schema
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = wanted.source;
    target := case when cardinality(parse_ident(coalesce(wanted.target_name, quote_ident(wanted.name)))) = 1
        then format('%I.', source_schema) else '' end || coalesce(wanted.target_name, quote_ident(wanted.name));
    select string_agg(x.what, ', ' order by x.place) into fixed
      from (values (1, 'source', existing.source <> wanted.source),
                   (2, 'target', existing.target is distinct from to_regclass(target)),
                   (3, 'bucket', existing.bucket <> wanted.bucket
                        or extract(month from existing.bucket) <> extract(month from wanted.bucket)
                        or extract(year from existing.bucket) <> extract(year from wanted.bucket)),
                   (4, 'time_zone', existing.time_zone is distinct from wanted.time_zone),
                   (5, 'dimensions', existing.dimensions <> wanted.dimensions),
                   (6, 'tenant', existing.tenant is distinct from wanted.tenant),
                   (7, 'id_column', existing.id_column <> wanted.id_column),
                   (8, 'time_column', existing.time_column <> wanted.time_column),
                   (9, 'bucket_column', existing.bucket_column <> wanted.bucket_column),
                   (10, 'filter', existing.filter is distinct from wanted.filter),
                   (11, 'newest_first', wanted.newest_first <> existing.newest_first),
                   (12, 'partition_interval', wanted.partition_interval <> coalesce(existing.partition_interval, '0')),
                   (13, 'function_name', wanted.function_name is not null
                        and parse_ident(wanted.function_name) <> parse_ident(existing.function_name)
                        and wanted.function_name <> (parse_ident(existing.function_name))[2]))
               x (place, what, differs)
     where x.differs;
    if fixed is not null then
        action := 'replace';
        loses := format('%s cannot change: the table %s is dropped and counted again from the events that exist', fixed,
                        existing.target);
        statements := array[format('select rollup.drop_rollup(%L, true)', rollup), rollup_internal.create_call_text(wanted)];
        return;
    end if;
    select json_object_agg(d.key, d.value order by d.position) into added
      from json_each(wanted.measures) with ordinality d (key, value, position)
     where d.value::jsonb is distinct from existing.measures::jsonb -> d.key;
    dropped := array(select e.key from json_each(existing.measures) e
                      where e.value::jsonb is distinct from wanted.measures::jsonb -> e.key);
    statements := array_remove(array[
        case when added is not null or dropped <> '{}' or wanted.work_mem <> existing.work_mem then
            format('select rollup.alter_rollup(%s)', concat_ws(', ', quote_literal(rollup),
                'add_measures => ' || quote_literal(added::text),
                'drop_measures => ' || quote_literal(nullif(dropped, '{}')::text),
                'work_mem => ' || quote_literal(nullif(wanted.work_mem, existing.work_mem)))) end,
        case when wanted.keep is not null and wanted.keep is distinct from existing.keep then
            format('select rollup.set_retention(%L, %L)', rollup, ltrim(wanted.keep::text, '@ ')) end], null);
    action := case when statements = '{}' then 'unchanged' else 'alter' end;
    loses := concat_ws('; ',
        'values of measures ' || array_to_string(nullif(dropped, '{}'), ', '),
        case when wanted.keep < existing.keep or wanted.keep is not null and existing.keep is null then
            format('rows older than %s, when they expire', ltrim(wanted.keep::text, '@ ')) end);
    loses := nullif(loses, '');
end
$$;
comment on function rollup_internal.plan_step(rollup_internal.rollups) is
    'What has to be done so that a rollup is as wanted: create, alter, replace (drop and declare) or nothing, with '
    'the statements, and what would be lost.';
reset citus.enable_ddl_propagation;
