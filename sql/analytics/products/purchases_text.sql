-- Products by user and day, from a rollup that create_basket_day has declared with the same conditions, or from the
-- events. The two give the same rows.
create or replace function rollup_analytics_internal.purchases_text(
    source text, tenant text, range_from timestamptz, range_to timestamptz, user_column text, product_column text,
    order_column text, orders text, quantity text, time_zone text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    q record;
    r rollup_internal.rollups;
    product text;
    order_text text;
    wanted text;
    measures jsonb;
begin
    select * into q from rollup_analytics_internal.question(source, tenant, range_from, range_to, user_column);
    time_zone := rollup_analytics_internal.validate_zone(time_zone);
    orders := coalesce(orders, rollup_analytics_internal.orders_text());
    perform rollup_analytics_internal.validate_condition(q.relation, 'orders', orders);
    product := rollup_analytics_internal.validate_expression(q.relation, 'product_column', product_column);
    order_text := case when order_column is not null then rollup_analytics_internal.validate_expression(q.relation, 'order_column', order_column) end;
    if quantity is not null then
        quantity := rollup_analytics_internal.validate_expression(q.relation, 'quantity', quantity);
    end if;
    wanted := rollup_analytics_internal.basket_filter(orders, q.users, product);
    measures := rollup_analytics_internal.basket_day_measures(quantity);
    select x.* into r
      from rollup_internal.rollups x
     where x.source = q.relation
       and x.filter = wanted
       and x.bucket = interval '1 day'
       and coalesce(x.time_zone, 'UTC') = time_zone
       and coalesce(x.expired_before, '-infinity') <= range_from
       and array_remove(array[q.users, product, order_text], null) <@ array(select quote_ident(d) from unnest(x.dimensions) d)
       and (quantity is null or rollup_analytics_internal.measure_column(x.measures::jsonb, measures -> 'quantity') is not null)
       and rollup.bucket_start(x.bucket, x.time_zone, range_from) = range_from
       and rollup.bucket_start(x.bucket, x.time_zone, range_to) = range_to
     order by x.id
     limit 1;
    return rollup_internal.fill_template(
        'select ({users})::text collate "C" as u, ({product})::text collate "C" as product, timezone({time_zone}, {time})::date as day,'
        ' ({order})::text as order_id, ({quantity})::numeric as quantity from {relation} where {conditions}',
        jsonb_build_object(
            'users', q.users,
            'product', product,
            'time_zone', quote_literal(time_zone),
            'time', quote_ident(coalesce(r.bucket_column, q.time_column)),
            'order', coalesce(order_text, 'null'),
            'quantity', coalesce(case when r.name is null then quantity
                                      else rollup_analytics_internal.measure_column(r.measures::jsonb, measures -> 'quantity') end, 'null'),
            'relation', coalesce(rollup_internal.view_name(r.target, 'live'), q.relation::text),
            'conditions', case when r.name is null then rollup_internal.all_of(array[q.in_range, wanted])
                else rollup_internal.all_of(rollup_internal.rows_conditions(
                         r, tstzrange(range_from, range_to), rollup_internal.parse_tenant(r, tenant))) end));
end
$$;
comment on function rollup_analytics_internal.purchases_text(text, text, timestamptz, timestamptz, text, text, text, text, text, text) is
    'SQL for ordered products by user, day and order.';
