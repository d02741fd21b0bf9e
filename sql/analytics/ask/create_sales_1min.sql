create or replace function rollup_analytics.create_sales_1min(
    name text default 'sales_1min', source text default 'events', category_column text default 'category',
    region_column text default 'country', currency_column text default 'currency', orders text default null,
    refunds text default null, amount text default 'amount', user_column text default 'user_id')
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    q record;
    is_order constant text := coalesce(orders, rollup_analytics_internal.orders_text());
    is_refund constant text := coalesce(refunds, rollup_analytics_internal.refunds_text());
begin
    select * into q from rollup_analytics_internal.source_columns(source);
    return rollup.create_rollup(
        name => name,
        source => q.relation,
        bucket => interval '1 minute',
        bucket_column => 'minute',
        tenant => q.tenant_column,
        time_column => q.time_column,
        dimensions => array[category_column, region_column, currency_column],
        filter => format('(%s) or (%s)', is_order, is_refund),
        measures => jsonb_build_object(
            'orders', jsonb_build_object('count', '*', 'where', is_order),
            'revenue', jsonb_build_object('sum', amount, 'where', is_order),
            'refunded', jsonb_build_object('sum', amount, 'where', is_refund),
            'customers', jsonb_build_object('distinct', user_column, 'where', is_order))::json);
end
$$;
comment on function rollup_analytics.create_sales_1min(text, text, text, text, text, text, text, text, text) is
    'Declares a rollup of sales by minute, category, region and currency: orders, revenue, refunds and customers.';
