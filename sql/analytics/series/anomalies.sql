create or replace function rollup_analytics.anomalies(
    rollup text, measure text, weeks int default 8, tenant text default null, range_from timestamptz default null,
    range_to timestamptz default null, time_zone text default 'UTC', dimensions jsonb default null, live boolean default false)
    returns table (bucket timestamptz, value numeric, median double precision, mad double precision, z double precision)
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
    select h.bucket, h.value, h.median, h.deviation, (h.value::double precision - h.median) / (1.482602218505602 * nullif(h.deviation, 0))
      from rollup_analytics_internal.seasonal_history(rollup, measure, weeks, tenant, range_from, range_to, time_zone, dimensions, live) h;
$$;
comment on function rollup_analytics.anomalies(text, text, int, text, timestamptz, timestamptz, text, jsonb, boolean) is
    'How unusual each bucket is: z, its distance from the median of the same hour of the week in the weeks before, in '
    'standard deviations estimated from the median absolute deviation (mad). NULL where the history is shorter, or mad is 0.';
