-- Four partitions in advance, like pg_partman's default.
create or replace function rollup_internal.upcoming_partitions(
    relation regclass, from_time timestamptz default null,
    out range_from timestamptz, out range_to timestamptz)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
declare
    width constant interval := (select r.partition_interval from rollup_internal.rollups r where r.target = relation);
    last_start constant timestamptz := lower(rollup_internal.partition_range(width, now() + 4 * width));
begin
    select coalesce(max(p.range_to), lower(rollup_internal.partition_range(width, coalesce(from_time, now()))))
      into range_from
      from rollup.partitions(relation) p
     where not p.is_default;
    while range_from <= last_start loop
        range_to := upper(rollup_internal.partition_range(width, range_from));
        return next;
        range_from := range_to;
    end loop;
end
$$;
comment on function rollup_internal.upcoming_partitions(regclass, timestamptz) is
    'Partitions that a rollup''s table lacks according to its partition_interval, after the last one or from a '
    'given time on.';
