create or replace function rollup_analytics.similar(
    product_id text, n int default 10, tenant text default null, range_from timestamptz default null,
    range_to timestamptz default null, source text default 'events', user_column text default 'user_id',
    product_column text default 'product_id', orders text default null)
    returns setof rollup_analytics.offer
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
#variable_conflict use_variable
begin
    return query execute rollup_internal.fill_template(
        $text${b}
select i.product::text, count(*) / sqrt(i.users::double precision * a.users), format('bought by %s users who bought %s', count(*), a.product)
  from items a
  join b x on x.product = a.product
  join b y on y.u = x.u and y.product <> a.product
  join items i on i.product = y.product
 where a.product = {product}
 group by i.product, i.users, a.users, a.product
 order by 2 desc, 1
 limit {n}$text$,
        jsonb_build_object(
            'b', rollup_analytics_internal.similarity_text(rollup_analytics_internal.purchases_text(
                source, tenant, range_from, range_to, user_column, product_column, null, orders, null, 'UTC')),
            'product', quote_nullable(product_id),
            'n', greatest(n, 0)));
end
$$;
comment on function rollup_analytics.similar(text, int, text, timestamptz, timestamptz, text, text, text, text) is
    'Products whose buyers are those of a product: cosine similarity, the number of users who bought both divided by the '
    'root of the product of the numbers of users of each.';
