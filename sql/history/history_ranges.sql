-- Returns only ranges with events in them: one absurd date costs one partition, and a gap of years none. Where partitions of the
-- usual length would be too many, months, years or decades do. What does not fit even then is left in the default
-- partition, the oldest first. A range whose events were removed gets no partition: it would count as complete.
--
-- The last partition stays the last, because coming ones are made from there on.
create or replace function rollup_internal.history_ranges(
    source regclass, after_id bigint default null, wanted tstzrange default null)
    returns tstzrange[]
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    max_partitions constant int := rollup_internal.setting('rollup.max_partitions')::int;
    max_unindexed_bytes constant bigint := 16 * 1024 * 1024;
    origin constant timestamptz := '2000-01-03 00:00:00+00';
    first_day constant timestamptz := '0001-01-01 00:00:00+00';
    time_column constant text := quote_ident(rollup_internal.partition_column(source));
    id_column constant name := rollup_internal.loaded_id_column(source);
    default_partition regclass;
    standing int;
    width constant interval := rollup_internal.partition_width(source);
    length interval;
    step interval;
    last_end timestamptz;
    free tstzmultirange;
    events text;
    is_needed boolean;
    starts timestamptz[];
    ranges tstzrange[] := '{}';
begin
    select count(*) filter (where not p.is_default), max(p.range_to), max(p.partition::oid) filter (where p.is_default),
           '{(,)}'::tstzmultirange - coalesce(range_agg(tstzrange(p.range_from, p.range_to)) filter (where not p.is_default), '{}')
      into standing, last_end, default_partition, free
      from rollup.partitions(source) p;
    if time_column is null or width is null or standing >= max_partitions or (default_partition is null and wanted is null)
       or not pg_has_role((select c.relowner from pg_class c where c.oid = source), 'usage') then
        return '{}';
    end if;
    last_end := coalesce(last_end, upper(rollup_internal.partition_range(width, now())));
    if wanted is null then
        if after_id is not null and pg_relation_size(default_partition) > max_unindexed_bytes
           and not rollup_internal.has_range_index(default_partition, id_column) then
            return '{}';
        end if;
        events := format('from %s where %s', default_partition, rollup_internal.all_of(array[
                             case when after_id is not null then format('%I > %s', id_column, after_id) end]
                             || rollup_internal.bounds_conditions(time_column, tstzrange(first_day, last_end))));
        execute format('select exists (select 1 %s)', events) into is_needed;
        if not is_needed then
            return '{}';
        end if;
    end if;
    free := free * tstzmultirange(tstzrange(first_day, last_end)) * coalesce(tstzmultirange(wanted), '{(,)}')
            - rollup.missing_ranges(source);
    foreach length in array array(
        select width union all
        select l from unnest('{1 month, 1 year, 10 years}'::interval[]) with ordinality x (l, position)
         where l > width)
    loop
        step := case when extract(year from length) * 12 + extract(month from length) > 0 then interval '1 day' else length end;
        if wanted is null then
            execute format('select array_agg(distinct date_bin($1, %s, $2)) %s', time_column, events) into starts using step, origin;
        else
            -- Also those that are longer begin at a day, as in the calendar.
            continue when (extract(epoch from upper(range_merge(free)) - lower(range_merge(free)))
                           / extract(epoch from length)) > 2 * max_partitions;
            starts := array(
                select s from unnest(free) f
                 cross join lateral generate_series(date_bin(step, lower(f), origin), upper(f), step) s);
        end if;
        ranges := array(
            select distinct piece
              from (select lower(rollup_internal.partition_range(length, s)) as range_from,
                           upper(rollup_internal.partition_range(length, s)) as range_to,
                           range_agg(tstzrange(s, s + step)) as filled
                      from unnest(starts) s group by 1, 2) r
             cross join lateral unnest(tstzmultirange(tstzrange(r.range_from, r.range_to)) * free) piece
             where tstzmultirange(piece) && r.filled
             order by piece desc);
        exit when standing + cardinality(ranges) <= max_partitions;
    end loop;
    return ranges[:greatest(max_partitions - standing, 0)];
end
$$;
comment on function rollup_internal.history_ranges(regclass, bigint, tstzrange) is
    'Ranges of the past for which a source should get partitions, the latest first: those of events in its default '
    'partition, or only of those with an id above after_id; or those that partitions lack in a wanted range. None if the '
    'caller does not own the table.';
