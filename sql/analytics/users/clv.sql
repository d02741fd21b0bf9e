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
    fitted := rollup_analytics_internal.model_parameters(
        model, 'clv', tenant, coalesce(currency, ''), '{r,alpha,a,b,p,q,v}');
    return query execute rollup_internal.fill_template(
        $text$select s.u::text, s.x, s.t_x, s.t, s.m, s.historic, {p_alive}, {purchases}, {value}, s.currency
  from (
    select u, currency, count(*) filter (where orders > 0) - 1 as x, max(day) filter (where orders > 0) - first_day as t_x,
           timezone({time_zone}, {range_to}::timestamptz)::date - first_day as t,
           avg(coalesce(ordered, 0)) filter (where orders > 0 and day > first_day) as m,
           coalesce(sum(ordered), 0) + coalesce(sum(refunded), 0) as historic
      from (select *, min(day) filter (where orders > 0) over (partition by u, currency) as first_day from ({customers}) c) c
     where first_day is not null
     group by u, currency, first_day) s
 cross join lateral (select {expected} as expected) e
 order by s.currency, s.u$text$,
        jsonb_build_object(
            'time_zone', quote_literal(time_zone),
            'range_to', quote_literal(range_to),
            'customers', rollup_analytics_internal.customers_text(
                source, tenant, range_from, range_to, user_column, orders, refunds, amount, currency_column, currency, time_zone),
            'expected', case when fitted is null then 'null::double precision' else rollup_internal.fill_template(
                'rollup_analytics_internal.expected_purchases({days}, s.x, s.t_x, s.t, {model})',
                jsonb_build_object('days', extract(epoch from horizon) / 86400, 'model', quote_literal(fitted))) end,
            'purchases', 'e.expected',
            'p_alive', case when fitted is null then 'null::double precision' else rollup_internal.fill_template(
                'case when s.x = 0 then 1 else 1 / (1 + {a}::float8 / ({b} + s.x - 1) * (({alpha}::float8 + s.t) / ({alpha} + s.t_x)) ^ ({r} + s.x)) end',
                fitted - '{p,q,v}'::text[]) end,
            'value', case when fitted is null then 'null::double precision' else rollup_internal.fill_template(
                'e.expected * {p}::float8 * ({v} + s.x * coalesce(s.m, 0)::float8) / ({p} * s.x + {q} - 1)',
                fitted - '{r,alpha,a,b}'::text[]) end));
end
$$;
comment on function rollup_analytics.clv(interval, text, text, timestamptz, timestamptz, text, text, text, text, text, text, text, jsonb) is
    'Customer lifetime value by user and currency. x: days with repeat purchases; t_x, t: days from the first to the last '
    'purchase and to range_to; m: mean of the daily totals without the first day; historic: what was paid, net of refunds. '
    'With a model, given or fitted by rollupctl fit clv: the probability that the user still buys, and purchases and '
    'value expected within the horizon; NULL without.';
