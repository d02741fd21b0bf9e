-- Products without a common buyer with any of the user's are never similar, so a user gets as many recommendations as
-- there are; a stranger gets what most users buy.
create or replace function rollup_analytics.recommend(
    user_id text, n int default 10, tenant text default null, range_from timestamptz default null,
    range_to timestamptz default null, source text default 'events', user_column text default 'user_id',
    product_column text default 'product_id', orders text default null)
    returns table (product_id text, score double precision, reason text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
#variable_conflict use_variable
begin
    return query execute rollup_internal.fill_template(
        $text${b},
own as materialized (select i.* from b join items i using (product) where b.u = {user}),
pairs as (
    select i.product, o.product as because, count(*) / sqrt(i.users::double precision * o.users) as cosine
      from own o
      join b x on x.product = o.product
      join b y on y.u = x.u
      join items i on i.product = y.product
     where not exists (select from own where own.product = y.product)
     group by i.product, i.users, o.product, o.users
)
select product::text, sum(cosine), format('similar to %s', (array_agg(because order by cosine desc, because))[1])
  from pairs
 group by product
union all
select product::text, users::double precision / (select count(distinct u) from b), format('popular: bought by %s users', users)
  from items
 where not exists (select from own)
 order by 2 desc, 1
 limit {n}$text$,
        jsonb_build_object(
            'b', rollup_analytics_internal.similarity_text(rollup_analytics_internal.purchases_text(
                source, tenant, range_from, range_to, user_column, product_column, null, orders, null, 'UTC')),
            'user', quote_nullable(user_id),
            'n', greatest(n, 0)));
end
$$;
comment on function rollup_analytics.recommend(text, int, text, timestamptz, timestamptz, text, text, text, text) is
    'What to offer to a user: products by the sum of their cosine similarities to what the user has bought, never what the '
    'user has bought already. A user without orders gets the most popular products, by the share of users who bought them.';
