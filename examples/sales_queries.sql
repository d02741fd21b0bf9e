-- Questions to the sales of one customer, in the week of the sample (examples/shop.csv). A
-- dashboard puts its own customer and range there. Money is grouped by currency, always: a sum of
-- dollars and rupees is a number without a meaning.

-- Orders, revenue and the average order by currency
select currency,
       sum(orders) as orders,
       sum(refunds) as refunds,
       sum(revenue) as revenue,
       round(sum(ordered) / nullif(sum(orders), 0), 2) as average_order
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

-- The five products ordered most often
select (topn(topn_union_agg(top_products), 5)).*
  from sales_1day
 where customer_id = 1
   and day >= '2024-06-01 00:00Z'
   and day < '2024-06-08 00:00Z';
