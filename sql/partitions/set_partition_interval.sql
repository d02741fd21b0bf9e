-- Partitions that exist stay. The next one begins where the last one ends, and ends where partitions of the new length do,
-- so the length can change, and partitions that somebody else has created are continued. The first ones reach four back,
-- for events that are a little late.
create or replace function rollup.set_partition_interval(source regclass, width interval)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
#variable_conflict use_variable
begin
    if source is null then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = 'which source is meant? It is NULL';
    end if;
    if width is null then
        update rollup_internal.sources s set partition_interval = null where s.source = source;
        return format('the package creates no partitions of %s', source);
    end if;
    if rollup_internal.partition_column(source) is null then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('%s is not partitioned by range of one timestamptz column', source),
            hint = 'create table … partition by range (event_time)';
    end if;
    if exists (select from rollup_internal.rollups r where r.target = source) then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('%s is the table of a rollup, not a source', source),
            hint = 'The length of its partitions is part of its declaration: rollup.create_rollup(…, partition_interval => …).';
    end if;
    if rollup_internal.is_partman_managed(source) then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('pg_partman creates the partitions of %s', source),
            hint = format('To have the package create them: delete from %I.part_config where parent_table = %L, then call this again',
                          rollup_internal.extension_schema('pg_partman'), source::text);
    end if;
    perform rollup_internal.record_source_history(source);
    update rollup_internal.sources s
       set partition_interval = rollup_internal.validate_partition_interval(width)
     where s.source = source;
    perform rollup_internal.create_partitions(source, now() - 4 * width);
    perform rollup_internal.record_source_history(source);
    perform rollup_internal.identify_default_partition(source);
    perform rollup_internal.create_change_triggers(source);
    return format('the package creates partitions of %s, each of %s', source, width);
end
$$;
comment on function rollup.set_partition_interval(regclass, interval) is
    'Has the package create the partitions of a source, each of this length (whole minutes or whole months), now and '
    'with each rollup.maintain_partitions. Existing partitions are continued, and a default partition is created if there is '
    'none. NULL leaves further partitions to others. Raises object_not_in_prerequisite_state where pg_partman creates them.';
