-- Each row is deleted and inserted by one statement, so that one that arrives meanwhile is not missed between two. The
-- default partition is read once to find the partitions that it has rows for, and once for each of these.
create or replace function rollup_internal.fill_partitions(
    relation regclass, default_partition regclass, created jsonb[], late text default null)
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    time_column constant text := quote_ident(rollup_internal.partition_column(relation));
    -- Between two of the new partitions there may be a range of others.
    bounds constant timestamptz[] := array(
        select t from unnest(created) c
         cross join lateral unnest(array[(c ->> 'from')::timestamptz, (c ->> 'to')::timestamptz]) t
         group by t order by t);
    columns constant text := (
        select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
          from pg_attribute a
         where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = '');
    numbers int[];
    part jsonb;
    filled bigint;
    moved bigint := 0;
    seqscan_before constant text := current_setting('enable_seqscan');
begin
    if late is not null then
        perform set_config('enable_seqscan', 'off', true);
    end if;
    execute rollup_internal.fill_template(
        'select array_agg(distinct width_bucket({time}, $1)) from {default} where {time} >= $1[1] and {time} < $1[{ends}] and {late}',
        jsonb_build_object('time', time_column, 'default', default_partition, 'ends', cardinality(bounds),
                           'late', coalesce(late, 'true')))
       into numbers using bounds;
    created := array(select c from unnest(created) c
                      where array_position(bounds, (c ->> 'from')::timestamptz) = any (numbers));
    if created <> '{}' then
        perform rollup_internal.require_movable(relation, default_partition);
    end if;
    foreach part in array created loop
        execute rollup_internal.fill_template(
            $text$with gone as (
    delete from {default} where {time} >= $1 and {time} < $2 and {late} returning {columns}
)
insert into {partition} ({columns}) select {columns} from gone$text$,
            jsonb_build_object('default', default_partition, 'time', time_column, 'columns', columns,
                               'late', coalesce(late, 'true'), 'partition', (part ->> 'table')::oid::regclass))
          using (part ->> 'from')::timestamptz, (part ->> 'to')::timestamptz;
        get diagnostics filled = row_count;
        moved := moved + filled;
    end loop;
    perform set_config('enable_seqscan', seqscan_before, true);
    return moved;
end
$$;
comment on function rollup_internal.fill_partitions(regclass, regclass, jsonb[], text) is
    'Moves rows of the default partition to tables that are going to be partitions, [{"table", "from", "to"}, …] in '
    'order; returns how many. With late, a condition, only rows that meet it, by an index.';
