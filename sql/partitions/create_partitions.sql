-- Partitions of a rollup are created here rather than by pg_partman: it may not be installed, and its
-- create_parent leaves the session with the search_path it found inside the caller, which create_rollup cannot
-- undo. Creating a partition locks the default partition, which any session may be reading.
create or replace function rollup_internal.create_partitions(relation regclass, from_time timestamptz default null)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    width constant interval := (select r.partition_interval from rollup_internal.rollups r where r.target = relation);
    default_partition regclass;
    schema_name name;
    base text;
    coming record;
begin
    -- A name that is too long would be truncated, and the names of partitions differ at their end.
    select n.nspname, case when octet_length(c.relname) <= 46 then c.relname else format('rollup_%s', c.oid) end
      into schema_name, base
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid = relation;
    select p.partition into default_partition from rollup.partitions(relation) p where p.is_default;
    if default_partition is null then
        execute format('create table %I.%I partition of %s default', schema_name, format('%s_default', base), relation);
    else
        perform rollup_internal.lock_partition(relation, default_partition);
    end if;
    for coming in select * from rollup_internal.upcoming_partitions(relation, from_time) loop
        execute rollup_internal.fill_template(
            'create table {name} partition of {relation} for values from ({range_from}) to ({range_to})',
            jsonb_build_object(
                'name', format('%I.%I', schema_name,
                               format('%s_p%s', base, to_char(coming.range_from, case when width >= interval '1 day'
                                   then 'YYYYMMDD' else 'YYYYMMDD_HH24MI' end))),
                'relation', relation,
                'range_from', quote_literal(coming.range_from),
                'range_to', quote_literal(coming.range_to)));
    end loop;
    perform rollup_internal.set_replica_identity(relation);
end
$$;
comment on function rollup_internal.create_partitions(regclass, timestamptz) is
    'Creates the default partition and the upcoming partitions of a rollup declared with a partition_interval. '
    'Raises lock_not_available when a reader holds the lock for longer than rollup.max_wait.';
