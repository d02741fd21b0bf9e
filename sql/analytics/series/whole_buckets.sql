-- A bucket that the range cuts, or that has not ended, is left out: its value is not that of a bucket.
create or replace function rollup_analytics.whole_buckets(
    rollup text, measure text, tenant text default null, range_from timestamptz default null,
    range_to timestamptz default null, dimensions jsonb default null, live boolean default false)
    returns table (bucket timestamptz, value numeric)
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
    select g.bucket, g.value
      from rollup.gapfill(rollup, measure, range_from, range_to, tenant, dimensions => dimensions, live => live) g
     where g.bucket >= range_from
       and rollup_analytics_internal.shift_buckets(rollup, g.bucket, 1) <= least(range_to, now())
     order by g.bucket;
$$;
comment on function rollup_analytics.whole_buckets(text, text, text, timestamptz, timestamptz, jsonb, boolean) is
    'A series as by rollup.gapfill, of the buckets that lie in the range as a whole and have ended. Forecasts are made from it.';
