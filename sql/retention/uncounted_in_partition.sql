-- It is not known whether a run would count an event for which the filter raises an error. All uncounted events are then
-- reported. (See failing_event.sql for why the conditions are written before the block.)
create or replace function rollup_internal.uncounted_in_partition(
    source regclass, partition regclass, bounds tstzrange, last_seen jsonb default null,
    of_set_aside boolean default true)
    returns text[]
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    r rollup_internal.rollups;
    time_column constant text := quote_ident(rollup_internal.partition_column(source));
    conditions text;
    filter text;
    uncounted bigint;
    late text[] := '{}';
    in_time constant tstzrange := bounds * coalesce(
        (select tstzrange(p.range_from, p.range_to) from rollup.partitions(source) p
          where p.partition = uncounted_in_partition.partition and not p.is_default),
        tstzrange(null, null));
begin
    for r in select * from rollup_internal.rollups x where x.source = uncounted_in_partition.source order by x.id loop
        conditions := rollup_internal.all_of(
            array[last_seen ->> r.name, rollup_internal.uncounted_condition(r.name, of_set_aside => of_set_aside)]
                || rollup_internal.bounds_conditions(time_column, bounds));
        filter := rollup_internal.filter_condition(r, of_set_aside => true);
        begin
            execute format('select count(*) from %s where %s', partition, concat_ws(
                        ' and ', conditions, 'case when ' || conditions || ' then ' || filter || ' end'))
               into uncounted;
        exception when others or assert_failure then
            execute format('select count(*) from %s where %s', partition, conditions) into uncounted;
        end;
        if uncounted > 0 then
            late := late || format('rollup %I has not counted %s of %s', r.name,
                                   case uncounted when 1 then '1 event' else format('%s events', uncounted) end,
                                   partition);
        end if;
        -- Without its events, a bucket could not be counted again.
        if exists (select from rollup_internal.pending_changes(r.name) p where p.times && in_time) then
            late := late || format('rollup %I has not been corrected for changes of %s', r.name, partition);
        end if;
    end loop;
    return late;
end
$$;
comment on function rollup_internal.uncounted_in_partition(regclass, regclass, tstzrange, jsonb, boolean) is
    'One sentence for each rollup that has not counted all events of a partition in a time range; with last_seen, '
    'conditions by rollup, only of events that meet them. Events that were set aside count as well, unless of_set_aside '
    'is false.';
