-- Sums and counts could be added; distinct counts, averages and quantiles must be combined from what the rollup holds, so
-- all measures are. The rows of each bucket are combined once, then those of each window.
create or replace function rollup_analytics.rolling(
    rollup text, measure text, buckets int, tenant text default null, range_from timestamptz default null,
    range_to timestamptz default null, dimensions jsonb default null, live boolean default false)
    returns table (bucket timestamptz, value numeric)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set jit = off
as $$
#variable_conflict use_variable
declare
    r rollup_internal.rollups;
    grid timestamptz[];
    wanted record;
    unknown timestamptz[];
    places int[];
    numbers numeric[];
begin
    if buckets is null or buckets not between 1 and 10000 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('buckets must be from 1 to 10000, not %s', coalesce(buckets::text, 'NULL'));
    end if;
    r := rollup_internal.get_rollup(rollup);
    perform rollup_internal.series_grid(rollup, range_from, range_to, null, null);
    -- gapfill checks the tenant and the dimensions, and says where rows have expired.
    select array_agg(g.bucket order by g.bucket),
           array_agg(g.bucket) filter (where g.value is null)
      into grid, unknown
      from rollup.gapfill(rollup, measure, rollup_analytics_internal.shift_buckets(rollup, range_from, 1 - buckets), range_to,
                          tenant, dimensions => dimensions, live => live) g;
    select * into wanted from rollup_internal.number_formula(r, measure);
    execute rollup_internal.fill_template(
        $text$with q as materialized (
    select width_bucket({bucket}, {grid}::timestamptz[]) as "(place)", {combined}
      from {relation}
     where {conditions}
     group by 1
)
select array_agg(t."(end)"), array_agg({formula})
  from (select w."(end)", {combined}
          from q
          join generate_series({buckets}, {final}) w ("(end)") on q."(place)" between w."(end)" - {buckets} + 1 and w."(end)"
         group by 1) t$text$,
        jsonb_build_object(
            'bucket', quote_ident(r.bucket_column),
            'grid', quote_literal(grid),
            'combined', wanted.combined,
            'relation', case when live then rollup_internal.view_name(r.target, 'live') else r.target::text end,
            'conditions', rollup_internal.all_of(
                rollup_internal.rows_conditions(r, tstzrange(grid[1], rollup_analytics_internal.shift_buckets(rollup, grid[cardinality(grid)], 1)), tenant)
                || array(select format('%I is not distinct from %L', d.key, d.value) from jsonb_each_text(dimensions) d)),
            'formula', wanted.formula,
            'buckets', buckets,
            'final', cardinality(grid)))
       into places, numbers;
    return query
        select grid[n],
               case when wanted.nothing is not null and exists (
                        select from unnest(unknown) u where u between grid[n - buckets + 1] and grid[n]) then null
                    else coalesce(x.number, wanted.nothing) end
          from generate_series(buckets, cardinality(grid)) n
          left join unnest(places, numbers) x (place, number) on x.place = n
         order by n;
end
$$;
comment on function rollup_analytics.rolling(text, text, int, text, timestamptz, timestamptz, jsonb, boolean) is
    'A measure over each bucket of a range and the buckets before it, so many together. The first windows reach back before '
    'the range. Distinct counts are united, never added. NULL where rows of a count or sum have expired.';
