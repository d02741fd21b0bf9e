-- No event is both an order and a refund: its amount would count twice. What is free is an order only if it says so.
create or replace function rollup_analytics_internal.orders_text()
    returns text
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
    return $text$(amount > 0 or event_type in ('order', 'purchase', 'buy') and coalesce(amount, 0) = 0) and status is distinct from 'failed'$text$;
comment on function rollup_analytics_internal.orders_text() is
    'The condition of an order, unless a question names another: an event with a positive amount, or one of type order, '
    'purchase or buy without one, which has not failed. A negative amount is a refund, whatever the type.';
