-- Counts in UTC from a Monday that begins a century, so that months and years are those of the calendar and
-- partitions made in different sessions fit together.
create or replace function rollup_internal.partition_range(width interval, at timestamptz)
    returns tstzrange
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
declare
    months constant int := extract(year from width) * 12 + extract(month from width);
    origin constant timestamptz := case when months > 0 then '2000-01-01 00:00:00+00' else '2000-01-03 00:00:00+00' end;
    months_since constant int := (extract(year from at) - 2000) * 12 + extract(month from at) - 1;
    start timestamptz;
begin
    if months > 0 then
        start := origin + make_interval(months => (floor(months_since::numeric / months) * months)::int);
    else
        start := date_bin(width, at, origin);
    end if;
    return tstzrange(start, start + width);
end
$$;
comment on function rollup_internal.partition_range(interval, timestamptz) is
    'The partition that a time falls into, for partitions of one length.';
