create or replace function rollup_analytics_internal.similarity_text(purchases text)
    returns text
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
    return rollup_internal.fill_template(
        'with b as materialized (select distinct u, product from ({purchases}) p),'
        ' items as materialized (select product, count(*) as users from b group by product)',
        jsonb_build_object('purchases', purchases));
comment on function rollup_analytics_internal.similarity_text(text) is
    'The beginning of a statement about similar products: b, who bought what, and items, bought by how many.';
