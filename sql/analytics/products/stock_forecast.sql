-- Stock lies on the coordinator and demand on a shard, so they are joined outside of the statement about demand.
create or replace function rollup_analytics.stock_forecast(
    lead_time interval, service_level double precision default 0.95, tenant text default null, range_from timestamptz default null,
    range_to timestamptz default null, source text default 'events', product_column text default 'product_id',
    quantity text default 'quantity', user_column text default 'user_id', orders text default null, time_zone text default 'UTC')
    returns table (product_id text, stock numeric, daily_demand double precision, deviation double precision,
                   days_left double precision, reorder_point double precision, reorder boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set jit = off
as $$
#variable_conflict use_column
declare
    days int;
    lead_days double precision;
    demand jsonb;
    z double precision;
begin
    lead_days := extract(epoch from rollup_analytics_internal.validate_length('lead_time', lead_time)) / 86400;
    if service_level is null or service_level <= 0 or service_level >= 1 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('service_level must lie between 0 and 1, not %s', coalesce(service_level::text, 'NULL')),
            hint = 'It is the probability that stock lasts until a delivery, such as 0.95.';
    end if;
    z := rollup_analytics_internal.normal_quantile(service_level::numeric);
    execute rollup_internal.fill_template(
        'select jsonb_object_agg(product, s) from (select product, jsonb_agg(total) as s from ('
        'select product, day, sum(quantity) as total from ({purchases}) p group by product, day) d group by product) d',
        jsonb_build_object('purchases', rollup_analytics_internal.purchases_text(
            source, tenant, range_from, range_to, user_column, product_column, null, orders, quantity, time_zone)))
       into demand;
    days := nullif(timezone(time_zone, range_to - interval '1 microsecond')::date - timezone(time_zone, range_from)::date + 1, 0);
    return query
    select k.product, s.quantity, d.mean, d.deviation, s.quantity::double precision / nullif(d.mean, 0),
           p.reorder_point, s.quantity <= p.reorder_point
      from (select x.product_id as product from rollup_analytics.stock x where x.tenant = stock_forecast.tenant
            union
            select key from jsonb_each(demand)) k
      left join rollup_analytics.stock s on s.tenant = stock_forecast.tenant and s.product_id = k.product
     -- Days without an order are days of no demand.
     cross join lateral (
           select coalesce(sum(v), 0) / days as mean,
                  sqrt(greatest(coalesce(sum(v * v), 0) - coalesce(sum(v), 0) ^ 2 / days, 0) / nullif(days - 1, 0)) as deviation
             from (select value::double precision as v from jsonb_array_elements_text(demand -> k.product) v where value is not null) v) d
     cross join lateral (select d.mean * lead_days + z * coalesce(d.deviation, 0) * sqrt(lead_days) as reorder_point) p
     order by k.product collate "C";
end
$$;
comment on function rollup_analytics.stock_forecast(interval, double precision, text, timestamptz, timestamptz, text, text, text, text, text, text) is
    'When products run out. Demand is the mean quantity ordered per day of the range; days without orders count. The reorder '
    'point is the demand over the lead time plus the safety stock: the normal quantile of the service level times the '
    'deviation of the daily demand times the root of the lead time in days. stock comes from rollup_analytics.stock.';
