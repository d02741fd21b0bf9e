-- Pairs are counted among products that are frequent enough by themselves: a pair is no more frequent than either. Both
-- directions of a pair come from one count.
create or replace function rollup_analytics.basket(
    min_support double precision, max_pairs int default 10000, tenant text default null, range_from timestamptz default null,
    range_to timestamptz default null, source text default 'events', user_column text default 'user_id',
    product_column text default 'product_id', order_column text default null, orders text default null,
    time_zone text default 'UTC')
    returns table (antecedent text, consequent text, baskets bigint, support numeric, confidence numeric, lift numeric,
                   conviction numeric)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
#variable_conflict use_variable
begin
    if min_support is null or min_support <= 0 or min_support > 1 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('min_support must be above 0 and at most 1, not %s', coalesce(min_support::text, 'NULL')),
            hint = 'It is the share of all baskets that must hold both products, such as 0.01.';
    elsif max_pairs is null or max_pairs < 1 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('max_pairs must be at least 1, not %s', coalesce(max_pairs::text, 'NULL'));
    end if;
    return query execute rollup_internal.fill_template(
        $text$with b as materialized (
    select distinct {basket} as basket, product from ({purchases}) p
),
n as materialized (select count(distinct basket) as n from b),
items as materialized (
    select product, count(*) as baskets from b group by product having count(*) >= {support} * (select n from n)
),
frequent as materialized (select b.basket, i.product, i.baskets from b join items i using (product)),
pairs as (
    select x.product as a, y.product as c, x.baskets as a_baskets, y.baskets as c_baskets, count(*) as baskets
      from frequent x
      join frequent y on y.basket = x.basket and y.product > x.product
     group by 1, 2, 3, 4
    having count(*) >= {support} * (select n from n)
),
both_ways as (
    select a, c, a_baskets, c_baskets, baskets from pairs
    union all
    select c, a, c_baskets, a_baskets, baskets from pairs
)
select a::text, c::text, baskets, baskets::numeric / n, baskets::numeric / a_baskets,
       baskets::numeric * n / (a_baskets::numeric * c_baskets),
       case when baskets = a_baskets then 'infinity'
            else (n - c_baskets)::numeric * a_baskets / (n::numeric * (a_baskets - baskets)) end
  from both_ways, n
 order by baskets desc, a, c
 limit {max_pairs}$text$,
        jsonb_build_object(
            'basket', case when order_column is null then '(u, day)' else 'coalesce(order_id, row(u, day)::text)' end,
            'purchases', rollup_analytics_internal.purchases_text(
                source, tenant, range_from, range_to, user_column, product_column, order_column, orders, null, time_zone),
            'support', min_support::numeric,
            'max_pairs', max_pairs));
end
$$;
comment on function rollup_analytics.basket(double precision, int, text, timestamptz, timestamptz, text, text, text, text, text, text) is
    'Products that are bought together: pairs that at least the share min_support of all baskets hold, the most frequent '
    'first, in both directions. A basket is what a user orders on a day, or an order where order_column names it. '
    'conviction is infinite where confidence is 1.';
