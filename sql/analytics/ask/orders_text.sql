create or replace function rollup_analytics_internal.orders_text()
    returns text
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
    return $text$(event_type in ('order', 'purchase', 'buy') or amount >= 0) and status is distinct from 'failed'$text$;
comment on function rollup_analytics_internal.orders_text() is
    'The condition of an order, unless a question names another: an event of type order, purchase or buy, or any with '
    'an amount that is not negative, which has not failed.';
