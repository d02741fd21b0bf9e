-- Queries over the sales of one customer, in the week of the sample (examples/shop.csv). A
-- dashboard replaces customer and range. Money is always grouped by currency: a sum of dollars and
-- rupees is meaningless.

-- Orders, revenue and the average order by currency
select currency,
       sum(orders) as orders,
       sum(refunds) as refunds,
       sum(revenue) as revenue,
       round(sum(average_order_sum) / nullif(sum(average_order_count), 0), 2) as average_order
  from sales_1day
 where customer_id = 1
   and day >= '2024-06-01 00:00Z'
   and day < '2024-06-08 00:00Z'
 group by currency
 order by currency;

-- Orders, items and buyers by category
select category,
       sum(orders) as orders,
       sum(quantity) as items,
       round(hll_cardinality(hll_union_agg(buyers))) as buyers
  from sales_1day
 where customer_id = 1
   and day >= '2024-06-01 00:00Z'
   and day < '2024-06-08 00:00Z'
 group by category
 order by orders desc, category;

-- The three products of each currency that brought in most
select currency, top.item as product, top.value as revenue
  from (select currency, rollup.top_union_agg(top_by_revenue) as products
          from sales_1day
         where customer_id = 1
           and day >= '2024-06-01 00:00Z'
           and day < '2024-06-08 00:00Z'
         group by currency) week
 cross join rollup.top(products, 3) top
 order by currency, revenue desc, product;

-- The five products of which most were sold
select top.item as product, top.value as quantity
  from rollup.top((select rollup.top_union_agg(top_by_quantity)
                     from sales_1day
                    where customer_id = 1
                      and day >= '2024-06-01 00:00Z'
                      and day < '2024-06-08 00:00Z'), 5) top
 order by quantity desc, product;
