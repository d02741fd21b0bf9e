-- The only place that knows what a rollup of users holds: create_user_day declares it, and questions look for it.
create or replace function rollup_analytics_internal.user_day_measures(
    orders text, refunds text, amount text, time_column text)
    returns jsonb
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
begin atomic
    select pg_catalog.jsonb_build_object(
        'events', pg_catalog.jsonb_build_object('count', '*'),
        'orders', pg_catalog.jsonb_build_object('count', '*', 'where', orders),
        'ordered', pg_catalog.jsonb_build_object('sum', amount, 'where', orders),
        'refunded', pg_catalog.jsonb_build_object('sum', amount, 'where', refunds),
        'first_at', pg_catalog.jsonb_build_object('min', time_column),
        'last_at', pg_catalog.jsonb_build_object('max', time_column),
        'last_order_at', pg_catalog.jsonb_build_object('max', time_column, 'where', orders));
end;
comment on function rollup_analytics_internal.user_day_measures(text, text, text, text) is
    'The measures of a rollup of users by day, by the names that create_user_day gives them.';
