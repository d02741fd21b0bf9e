create or replace function rollup_analytics.interpolate(
    rollup text, measure text, tenant text default null, range_from timestamptz default null,
    range_to timestamptz default null, step interval default null, time_zone text default null,
    dimensions jsonb default null, live boolean default false)
    returns table (bucket timestamptz, value numeric)
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as $$
    select g.bucket,
           case when g.value is not null then g.value
                else g.before + (g.after - g.before) * (extract(epoch from g.bucket) - g.before_at) / (g.after_at - g.before_at) end
      from (select s.bucket, s.value,
                   max(s.value) over (partition by s.seen) as before,
                   max(extract(epoch from s.bucket)) filter (where s.value is not null) over (partition by s.seen) as before_at,
                   max(s.value) over (partition by s.left_over) as after,
                   max(extract(epoch from s.bucket)) filter (where s.value is not null) over (partition by s.left_over) as after_at
              from (select x.bucket, x.value, count(x.value) over (order by x.bucket) as seen,
                           count(x.value) over (order by x.bucket desc) as left_over
                      from rollup.gapfill(rollup, measure, range_from, range_to, tenant, step, time_zone, dimensions, live) x) s) g
     order by g.bucket;
$$;
comment on function rollup_analytics.interpolate(text, text, text, timestamptz, timestamptz, interval, text, jsonb, boolean) is
    'A series as by rollup.gapfill, in which buckets without a value lie on a line over time between their neighbors with '
    'one. NULL before the first value and after the last.';
