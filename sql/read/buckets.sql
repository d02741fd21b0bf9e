create or replace function rollup.buckets(
    rollup_name text, range_from timestamptz, range_to timestamptz,
    step interval default null, time_zone text default null,
    out bucket timestamptz, out bucket_to timestamptz)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    grid constant timestamptz[] := rollup_internal.series_grid(rollup_name, range_from, range_to, step, time_zone);
begin
    return query
        select grid[n], grid[n + 1] from generate_series(1, cardinality(grid) - 1) n;
end
$$;
comment on function rollup.buckets(text, timestamptz, timestamptz, interval, text) is
    'Every bucket of a rollup that a range touches, or every step of whole buckets, with its end: a series to '
    'join with. With time_zone, a step consists of whole days or months of that zone.';
