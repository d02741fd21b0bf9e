-- Sales: orders and refunds, revenue, best-selling products, and number of buyers.
-- Declares sales_1hr and sales_1day, which differ only in their bucket and are therefore counted in one
-- pass. examples/sales_queries.sql queries them.
--
-- Amounts in different currencies cannot be added, so the currency is a dimension: every row has a
-- single currency, and every query groups by it. A refund has a negative amount and quantity, so
-- revenue, quantity and top lists are net values. A failed payment is not a sale.

select rollup.create_rollup(
    name          => grain.name,
    source        => 'public.events',
    bucket        => grain.bucket,
    bucket_column => grain.bucket_column,
    filter        => $$ event_type in ('order', 'refund') and status is distinct from 'failed' $$,
    dimensions    => '{currency,category}',
    measures      => '{"orders":          {"count": "*", "where": "event_type = ''order''"},
                       "refunds":         {"count": "*", "where": "event_type = ''refund''"},
                       "revenue":         {"sum": "amount"},
                       "quantity":        {"sum": "quantity"},
                       "average_order":   {"avg": "amount", "where": "event_type = ''order''"},
                       "buyers":          {"distinct": "user_id", "where": "event_type = ''order''"},
                       "top_by_revenue":  {"top": "product_id", "weight": "amount"},
                       "top_by_quantity": {"top": "product_id", "weight": "quantity"}}')
  from (values ('sales_1hr',  interval '1 hour', 'hour'),
               ('sales_1day', interval '1 day',  'day')) grain (name, bucket, bucket_column)
 order by grain.bucket;

comment on table public.sales_1hr is
    'Orders and refunds by customer, hour, currency and category.';
comment on table public.sales_1day is
    'Orders and refunds by customer, day of UTC, currency and category.';
