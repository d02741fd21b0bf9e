-- PostgreSQL rejects a partition while the default one holds rows for it, so a single device with a fast clock would
-- prevent new partitions. Such rows move to the new partitions, in the transaction that attaches them: every reader sees
-- each of them once, and their ids stay, so no rollup counts them twice.
--
-- Whatever takes long is done before anything is locked: the partitions are tables of their own until they have been
-- filled. Then the table and its default partition are locked for a moment, and rows that have arrived meanwhile follow.
-- These are looked for by the index on the id. The default partition is read once under the lock, to validate a constraint
-- that proves for all new partitions that it has no rows for them. Nothing less satisfies PostgreSQL: a constraint that
-- is validated before would reject such rows meanwhile, and with another table in its place, a session that began to
-- read before would miss rows.
--
-- Rows that must be published as inserts into the partitioned table, and those of a distributed table, move under the
-- lock instead: before it, the new partitions are neither published nor distributed.
create or replace function rollup_internal.create_partitions(
    relation regclass, from_time timestamptz default null, past tstzrange[] default null)
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    time_column constant text := quote_ident(rollup_internal.partition_column(relation));
    is_declared constant boolean := rollup_internal.declared_width(relation) is not null;
    fills_first constant boolean := not rollup_internal.is_distributed(relation)
                                    and not rollup_internal.is_published_by_root(relation);
    upcoming record;
    created jsonb[] := '{}';
    default_partition regclass := (select p.partition from rollup.partitions(relation) p where p.is_default limit 1);
    columns text;
    ahead text;
    id_column name;
    last_id bigint;
    moved bigint := 0;
begin
    for upcoming in
        select * from rollup_internal.upcoming_partitions(relation, from_time) where past is null
        union all
        select n.partition_schema,
               case when to_regclass(format('%I.%I', n.partition_schema, n.partition_name)) is null then n.partition_name
                    else concat(n.partition_name, to_char(lower(p), '_HH24MI')) end,
               lower(p), upper(p)
          from unnest(past) p
         cross join lateral rollup_internal.partition_name(relation, upper(p) - lower(p), lower(p)) n
         order by 3
    loop
        created := created || jsonb_build_object(
            'from', upcoming.range_from, 'to', upcoming.range_to,
            'table', rollup_internal.create_partition(relation, upcoming.partition_schema, upcoming.partition_name,
                                                      upcoming.range_from, upcoming.range_to)::oid);
    end loop;
    if default_partition is null and is_declared then
        select n.nspname as schema_name, format('%s_default', case when octet_length(c.relname) <= 46 then c.relname
                                                else format('rollup_%s', c.oid) end) as name
          into upcoming
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.oid = relation;
        perform rollup_internal.create_partition(relation, upcoming.schema_name, upcoming.name, null, null);
        perform rollup_internal.lock_with_retries(relation);
        execute format('alter table %s attach partition %I.%I default', relation, upcoming.schema_name, upcoming.name);
    end if;
    if created <> '{}' then
        -- Events that move have not changed.
        perform rollup_internal.ignore_changes(true);
        -- PostgreSQL takes only ANDs and ORs of comparisons for a proof that a default partition has no such rows.
        select string_agg(format('(%s)', rollup_internal.all_of(rollup_internal.bounds_conditions(time_column, r))), ' or ')
          into ahead
          from unnest((select range_agg(tstzrange((c ->> 'from')::timestamptz, (c ->> 'to')::timestamptz))
                         from unnest(created) c)) r;
        if default_partition is not null and fills_first then
            select r.id_column into id_column
              from rollup_internal.rollups r
             where r.source = relation and rollup_internal.has_range_index(default_partition, r.id_column)
             limit 1;
            if id_column is not null then
                execute format('select coalesce(max(%I), 0) from %s', id_column, default_partition) into last_id;
            end if;
            moved := rollup_internal.fill_partitions(relation, default_partition, created);
        end if;
        perform rollup_internal.lock_partition(relation, coalesce(default_partition, relation));
        if default_partition is not null then
            if not fills_first then
                select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into columns
                  from pg_attribute a
                 where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
                execute format('create temp table rollup_aside on commit drop as select %s from %s where %s',
                               columns, default_partition, ahead);
                get diagnostics moved = row_count;
                if moved > 0 then
                    perform rollup_internal.require_movable(relation, default_partition);
                    execute format('delete from %s where %s', default_partition, ahead);
                end if;
            end if;
            if id_column is not null then
                moved := moved + rollup_internal.fill_partitions(relation, default_partition, created,
                                                                 late => format('%I > %s', id_column, last_id));
            end if;
            begin
                execute format('alter table %s add constraint rollup_nothing_ahead check (not (%s))', default_partition, ahead);
            exception when check_violation then
                moved := moved + rollup_internal.fill_partitions(relation, default_partition, created);
                execute format('alter table %s add constraint rollup_nothing_ahead check (not (%s))', default_partition, ahead);
            end;
        end if;
        for upcoming in
            select (c ->> 'table')::oid::regclass as partition, c ->> 'from' as range_from, c ->> 'to' as range_to
              from unnest(created) c
        loop
            execute rollup_internal.fill_template(
                'alter table {relation} attach partition {partition} for values from ({range_from}) to ({range_to})',
                jsonb_build_object('relation', relation, 'partition', upcoming.partition,
                                   'range_from', quote_literal(upcoming.range_from),
                                   'range_to', quote_literal(upcoming.range_to)));
            execute format('alter table %s drop constraint rollup_range', upcoming.partition);
        end loop;
        if default_partition is not null then
            execute format('alter table %s drop constraint rollup_nothing_ahead', default_partition);
        end if;
        if columns is not null then
            execute format('insert into %s (%s) overriding system value select %2$s from pg_temp.rollup_aside', relation, columns);
            drop table pg_temp.rollup_aside;
        end if;
        perform rollup_internal.ignore_changes(false);
        perform rollup_internal.create_change_triggers(relation);
    end if;
    if exists (select from rollup_internal.rollups r where r.target = relation and r.partition_interval is not null) then
        perform rollup_internal.set_replica_identity(relation);
    end if;
    return moved;
end
$$;
comment on function rollup_internal.create_partitions(regclass, timestamptz, tstzrange[]) is
    'Creates the upcoming partitions of a table, and the default partition of one whose partitions the '
    'package creates; or partitions for ranges of the past that have none. Moves rows of the default partition that belong to them, and returns how many. Raises '
    'lock_not_available when a session holds the lock for longer than rollup.max_wait.';
