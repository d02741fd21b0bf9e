create or replace function rollup_analytics.seasonal_baseline(
    rollup text, measure text, weeks int default 8, tenant text default null, range_from timestamptz default null,
    range_to timestamptz default null, time_zone text default 'UTC', dimensions jsonb default null, live boolean default false)
    returns table (bucket timestamptz, value numeric, baseline double precision)
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
    select h.bucket, h.value, h.median
      from rollup_analytics_internal.seasonal_history(rollup, measure, weeks, tenant, range_from, range_to, time_zone, dimensions, live) h;
$$;
comment on function rollup_analytics.seasonal_baseline(text, text, int, text, timestamptz, timestamptz, text, jsonb, boolean) is
    'What is usual: the median of the same hour of the week in the weeks before each bucket. NULL where the history is '
    'shorter.';
