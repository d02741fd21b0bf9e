create or replace function rollup_analytics_internal.basket_day_measures(quantity text)
    returns jsonb
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
begin atomic
    select pg_catalog.jsonb_build_object(
        'orders', pg_catalog.jsonb_build_object('count', '*'),
        'quantity', pg_catalog.jsonb_build_object('sum', quantity));
end;
comment on function rollup_analytics_internal.basket_day_measures(text) is 'The measures of a rollup of ordered products.';
