create or replace function rollup_analytics.finish_delivery(delivery bigint, error text default null)
    returns void
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
    update rollup_analytics.alert_deliveries d
       set sent_at = case when error is null then clock_timestamp() end,
           given_up_at = case when error is not null and d.created_at < clock_timestamp() - interval '3 days' then clock_timestamp() end,
           last_error = left(error, 1000)
     where d.id = delivery and d.sent_at is null;
$$;
comment on function rollup_analytics.finish_delivery(bigint, text) is
    'Reports that a delivery was sent, or why not. One that has failed for three days is given up.';
