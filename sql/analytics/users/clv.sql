-- Fader, Hardie, Lee (2005) for purchases and Fader, Hardie (2013) for their mean value: BG/NBD and Gamma-Gamma. The
-- scores are functions of a few numbers for each user and run where the tenant's users are.
create or replace function rollup_analytics.clv(
    horizon interval, currency text default null, tenant text default null, range_from timestamptz default null,
    range_to timestamptz default null, source text default 'events', user_column text default 'user_id',
    orders text default null, refunds text default null, amount text default 'amount',
    currency_column text default 'currency', time_zone text default 'UTC', model jsonb default null)
    returns table (user_id text, x bigint, t_x int, t int, m numeric, historic numeric, p_alive double precision,
                   expected_purchases double precision, expected_value double precision, of_currency text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set jit = off
as $$
#variable_conflict use_variable
declare
    fitted jsonb;
begin
    horizon := rollup_analytics_internal.validate_length('horizon', horizon);
    fitted := rollup_analytics_internal.clv_models(model, tenant, currency);
    return query execute rollup_internal.fill_template(
        $text$select s.u::text, s.x, s.t_x, s.t, s.m, s.historic,
       rollup_analytics_internal.p_alive(s.x, s.t_x, s.t, k.p),
       e.expected,
       e.expected * (k.p ->> 'p')::float8 * ((k.p ->> 'v')::float8 + s.x * coalesce(s.m, 0)::float8)
           / ((k.p ->> 'p')::float8 * s.x + (k.p ->> 'q')::float8 - 1),
       s.currency
  from (
    select u, currency, count(*) filter (where orders > 0) - 1 as x, max(day) filter (where orders > 0) - first_day as t_x,
           timezone({time_zone}, {range_to}::timestamptz)::date - first_day as t,
           avg(coalesce(ordered, 0)) filter (where orders > 0 and day > first_day) as m,
           coalesce(sum(ordered), 0) + coalesce(sum(refunded), 0) as historic
      from (select *, min(day) filter (where orders > 0) over (partition by u, currency) as first_day from ({customers}) c) c
     where first_day is not null
     group by u, currency, first_day) s
 cross join lateral (select {models}::jsonb -> {subject} as p) k
 cross join lateral (select rollup_analytics_internal.expected_purchases({days}, s.x, s.t_x, s.t, k.p) as expected) e
 order by s.currency, s.u$text$,
        jsonb_build_object(
            'time_zone', quote_literal(time_zone),
            'range_to', quote_literal(range_to),
            'customers', rollup_analytics_internal.customers_text(
                source, tenant, range_from, range_to, user_column, orders, refunds, amount, currency_column, currency, time_zone),
            'models', quote_nullable(fitted),
            'subject', case when model is null then 'coalesce(s.currency, '''')' else quote_literal('') end,
            'days', extract(epoch from horizon) / 86400));
end
$$;
comment on function rollup_analytics.clv(interval, text, text, timestamptz, timestamptz, text, text, text, text, text, text, text, jsonb) is
    'Customer lifetime value by user and currency. x: days with repeat purchases; t_x, t: days from the first to the last '
    'purchase and to range_to; m: mean of the daily totals without the first day; historic: what was paid, net of refunds. '
    'With a model, given or fitted by rollupctl fit clv: the probability that the user still buys, and purchases and '
    'value expected within the horizon; NULL without.';
