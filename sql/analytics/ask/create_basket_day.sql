create or replace function rollup_analytics.create_basket_day(
    name text default 'basket_day', source text default 'events', user_column text default 'user_id',
    product_column text default 'product_id', order_column text default null, orders text default null,
    quantity text default 'quantity', time_zone text default null)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    q record;
begin
    select * into q from rollup_analytics_internal.source_columns(source);
    return rollup.create_rollup(
        name => name,
        source => q.relation,
        bucket => interval '1 day',
        bucket_column => 'day',
        tenant => q.tenant_column,
        time_column => q.time_column,
        time_zone => time_zone,
        dimensions => array_remove(array[user_column, product_column, order_column], null),
        filter => rollup_analytics_internal.basket_filter(
            coalesce(orders, rollup_analytics_internal.orders_text()),
            rollup_internal.quote_if_column(q.relation, user_column),
            rollup_internal.quote_if_column(q.relation, product_column)),
        measures => rollup_analytics_internal.basket_day_measures(quantity)::json);
end
$$;
comment on function rollup_analytics.create_basket_day(text, text, text, text, text, text, text, text) is
    'Declares a rollup of ordered products by day and user, which answers basket, recommend, similar and '
    'stock_forecast after events were dropped.';
