-- Each currency is scored by itself, because money in different ones does not compare.
create or replace function rollup_analytics.rfm(
    currency text default null, tenant text default null, range_from timestamptz default null, range_to timestamptz default null,
    source text default 'events', user_column text default 'user_id', orders text default null, refunds text default null,
    amount text default 'amount', currency_column text default 'currency', time_zone text default 'UTC')
    returns table (user_id text, recency_days int, frequency bigint, monetary numeric, r int, f int, m int, segment text,
                   of_currency text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set jit = off
as $$
#variable_conflict use_variable
begin
    return query execute rollup_internal.fill_template(
        $text$select u::text, recency, frequency, monetary, r, f, m, {segment}, currency
  from (
    select *, ntile(5) over (partition by currency order by recency desc, u) as r,
           ntile(5) over (partition by currency order by frequency, u) as f,
           ntile(5) over (partition by currency order by monetary, u) as m
      from (
        select u, currency, timezone({time_zone}, {range_to}::timestamptz)::date - timezone({time_zone}, max(last_order_at))::date as recency,
               sum(orders)::bigint as frequency, coalesce(sum(ordered), 0) + coalesce(sum(refunded), 0) as monetary
          from ({customers}) c
         group by u, currency
        having sum(orders) > 0) s) s
 order by currency, u$text$,
        jsonb_build_object(
            'segment', rollup_analytics_internal.segment_text(),
            'time_zone', quote_literal(time_zone),
            'range_to', quote_literal(range_to),
            'customers', rollup_analytics_internal.customers_text(
                source, tenant, range_from, range_to, user_column, orders, refunds, amount, currency_column, currency, time_zone)));
end
$$;
comment on function rollup_analytics.rfm(text, text, timestamptz, timestamptz, text, text, text, text, text, text, text) is
    'Recency, frequency and monetary value of each user with an order in the range, and their quintiles: 5 is best, ties '
    'by user. recency_days are calendar days before range_to. monetary is net of refunds. Without a currency, each is '
    'scored by itself. rollup_analytics.segments names the segments.';
