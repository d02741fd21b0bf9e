-- Changes nothing and locks nothing. A partition that this role may not read keeps itself only.
create or replace function rollup_internal.expired_partitions(source regclass, cutoff timestamptz)
    returns setof jsonb
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    size_function constant text := case when rollup_internal.is_distributed(source)
        then 'citus_total_relation_size' else 'pg_total_relation_size' end;
    time_column constant text := quote_ident(rollup_internal.partition_column(source));
    old record;
    bounds tstzrange;
    events bigint;
    bytes bigint;
    late text[];
    state text;
    reason text;
begin
    for old in
        select p.* from rollup.partitions(source) p where p.range_to <= cutoff or p.is_default
    loop
        events := null;
        bytes := null;
        select k.sqlstate_kept, k.reason into state, reason
          from rollup_internal.kept_reason(source, old.partition, false) k
         where k.sqlstate_kept = '42809';
        if reason is null then
            begin
                -- Only old events of the default partition; all events of the other partitions are old.
                bounds := case when old.is_default then tstzrange(null, cutoff) else tstzrange(null, null) end;
                execute format('select count(*) from %s where %s', old.partition, rollup_internal.all_of(
                    rollup_internal.bounds_conditions(time_column, bounds)))
                   into events;
                continue when old.is_default and events = 0;
                execute format('select sum(%s(t.relid)) from pg_partition_tree(%L) t where t.isleaf', size_function, old.partition)
                   into bytes;
                late := rollup_internal.uncounted_in_partition(source, old.partition, bounds, of_set_aside => false);
                state := case when late <> '{}' then '55000' end;
                if late = '{}' then
                    late := rollup_internal.uncounted_in_partition(source, old.partition, bounds);
                    state := case when late <> '{}' then 'set aside' end;
                end if;
                reason := nullif(array_to_string(late, ', '), '');
            exception when insufficient_privilege then
                state := sqlstate;
                reason := format('%s: alter table %s owner to %I', sqlerrm, old.partition, current_user);
            end;
        end if;
        return next jsonb_build_object(
            'oid', old.partition::oid, 'partition', old.partition::text, 'range_from', old.range_from,
            'range_to', case when old.is_default then cutoff else old.range_to end, 'is_default', old.is_default,
            'events', events, 'bytes', bytes, 'sqlstate', state, 'reason', reason);
    end loop;
end
$$;
comment on function rollup_internal.expired_partitions(regclass, timestamptz) is
    'The partitions of a source that are older than a time, and its default partition if it has older events, in order: '
    'oid, partition, range_from, range_to, is_default, events, bytes; the reason and its SQLSTATE if it must stay, 55000 '
    'if a rollup is behind.';
