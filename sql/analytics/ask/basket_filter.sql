create or replace function rollup_analytics_internal.basket_filter(orders text, users text, product text)
    returns text
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
begin atomic
    select pg_catalog.format('(%s) and %s is not null and %s is not null', orders, users, product);
end;
comment on function rollup_analytics_internal.basket_filter(text, text, text) is
    'The condition of an event that puts a product into a basket: the filter of create_basket_day.';
