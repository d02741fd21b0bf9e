create or replace function rollup_analytics.locf(
    rollup text, measure text, tenant text default null, range_from timestamptz default null,
    range_to timestamptz default null, step interval default null, time_zone text default null,
    dimensions jsonb default null, live boolean default false)
    returns table (bucket timestamptz, value numeric)
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as $$
    select g.bucket, first_value(g.value) over (partition by g.filled order by g.bucket)
      from (select s.bucket, s.value, count(s.value) over (order by s.bucket) as filled
              from rollup.gapfill(rollup, measure, range_from, range_to, tenant, step, time_zone, dimensions, live) s) g
     order by g.bucket;
$$;
comment on function rollup_analytics.locf(text, text, text, timestamptz, timestamptz, interval, text, jsonb, boolean) is
    'A series as by rollup.gapfill, in which buckets without a value have that of the last bucket with one. NULL before '
    'the first.';
