create or replace function rollup_analytics.forecast(
    rollup text, measure text, period int, horizon int, alpha double precision default null,
    beta double precision default null, gamma double precision default null, tenant text default null,
    range_from timestamptz default null, range_to timestamptz default null, dimensions jsonb default null,
    live boolean default false)
    returns table (bucket timestamptz, forecast double precision)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    series double precision[];
    next_bucket timestamptz;
    fitted jsonb;
begin
    if alpha is null or beta is null or gamma is null then
        fitted := rollup_analytics_internal.forecast_parameters(tenant, concat(rollup, '.', measure), period);
        alpha := coalesce(alpha, (fitted ->> 'alpha')::double precision);
        beta := coalesce(beta, (fitted ->> 'beta')::double precision);
        gamma := coalesce(gamma, (fitted ->> 'gamma')::double precision);
    end if;
    select array_agg(b.value::double precision order by b.bucket),
           rollup_analytics_internal.shift_buckets(rollup, max(b.bucket), 1)
      into series, next_bucket
      from rollup_analytics.whole_buckets(rollup, measure, tenant, range_from, range_to, dimensions, live) b;
    return query
    select rollup_analytics_internal.shift_buckets(rollup, next_bucket, n::int - 1), v
      from unnest(rollup_analytics.holt_winters(coalesce(series, '{}'), period, horizon, alpha, beta, gamma)) with ordinality x (v, n);
end
$$;
comment on function rollup_analytics.forecast(text, text, int, int, double precision, double precision, double precision, text, timestamptz, timestamptz, jsonb, boolean) is
    'The buckets after a range, by additive Holt-Winters smoothing over its whole buckets: see holt_winters. period is the '
    'number of buckets of a season, horizon the number of buckets to forecast. Without alpha, beta and gamma, fitted ones '
    'are used.';
