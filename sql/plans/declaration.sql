-- Has the parameters and defaults of rollup.create_rollup, so that a file of its calls can be read as declarations.
create or replace function rollup.declaration(
    name          text,
    source        text,
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
    returns json
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
    set intervalstyle = 'postgres'
begin atomic
    select pg_catalog.json_build_object(
        'name', name, 'source', source, 'bucket', bucket::text, 'dimensions', dimensions, 'measures', measures,
        'target', target, 'tenant', coalesce(tenant, ''), 'id_column', id_column, 'time_column', time_column,
        'bucket_column', bucket_column, 'filter', filter, 'function_name', function_name, 'work_mem', work_mem,
        'newest_first', newest_first, 'time_zone', time_zone, 'keep', keep::text,
        'partition_interval', partition_interval::text);
end;
comment on function rollup.declaration(text, text, interval, json, text[], text, text, text, text, text, text, text, text, boolean, text, interval, interval) is
    'A declaration for rollup.plan and rollup.apply, from the parameters of rollup.create_rollup.';
