-- Nearby values of the same hour of the week: their times are local ones, so that a shop that opens at nine is compared
-- with nine o'clock before and after the clocks change.
create or replace function rollup_analytics_internal.seasonal_history(
    rollup text, measure text, weeks int, tenant text, range_from timestamptz, range_to timestamptz, time_zone text,
    dimensions jsonb, live boolean)
    returns table (bucket timestamptz, value numeric, median double precision, deviation double precision)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set jit = off
as $$
#variable_conflict use_variable
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup);
    begins timestamptz;
begin
    if weeks is null or weeks not between 1 and 520 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('weeks must be from 1 to 520, not %s', coalesce(weeks::text, 'NULL'));
    end if;
    if extract(year from r.bucket) * 12 + extract(month from r.bucket) > 0
       or (7 * 86400) % extract(epoch from r.bucket) <> 0 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('a week is not a number of buckets of rollup %I, which are %s long', rollup, r.bucket),
            hint = 'Ask a rollup by hour, or by day.';
    end if;
    time_zone := rollup_analytics_internal.validate_zone(time_zone);
    perform rollup_internal.series_grid(rollup, range_from, range_to, null, null);
    execute rollup_internal.fill_template(
        'select min({bucket}) from {relation} where {conditions}',
        jsonb_build_object(
            'bucket', quote_ident(r.bucket_column),
            'relation', case when live then rollup_internal.view_name(r.target, 'live') else r.target::text end,
            'conditions', rollup_internal.all_of(rollup_internal.rows_conditions(r, tstzrange(null, range_to), tenant))))
       into begins;
    return query
    with s as materialized (
        select g.bucket, g.value, timezone(time_zone, g.bucket) as local
          from rollup.gapfill(rollup, measure, range_from - weeks * interval '7 days' - interval '1 day', range_to, tenant,
                              dimensions => dimensions, live => live) g
    ),
    h as (
        select x.bucket, x.value, array_agg(p.value::double precision) filter (where p.value is not null) as history
          from s x
          left join generate_series(1, weeks) w on true
          left join s p
            on p.bucket = timezone(time_zone, x.local - w * interval '7 days') and p.bucket >= begins
         where x.bucket >= rollup.bucket_start(r.bucket, r.time_zone, range_from)
         group by x.bucket, x.value
    ),
    m as (
        select h.*, (select percentile_cont(0.5) within group (order by v) from unnest(h.history) v) as middle
          from h
         where cardinality(h.history) = weeks
    )
    select h.bucket, h.value, m.middle,
           (select percentile_cont(0.5) within group (order by abs(v - m.middle)) from unnest(m.history) v)
      from h
      left join m using (bucket)
     order by h.bucket;
end
$$;
comment on function rollup_analytics_internal.seasonal_history(text, text, int, text, timestamptz, timestamptz, text, jsonb, boolean) is
    'For each bucket, the median and the median absolute deviation of the same hour of the week in the weeks before; NULL '
    'where not all of them are known.';
