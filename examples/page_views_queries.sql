-- Queries over the page views of one customer, in the week of the sample (examples/shop.csv). A
-- dashboard replaces customer and range. Sketches are merged, never added up: a user who visits on two days
-- is one user.

-- Views, users, sessions and the average time on a page by day
select day,
       sum(views) as views,
       round(hll_cardinality(hll_union_agg(users))) as users,
       round(hll_cardinality(hll_union_agg(sessions))) as sessions,
       round((sum(seconds_sum) / nullif(sum(seconds_count), 0))::numeric, 1) as seconds
  from page_views_1day
 where customer_id = 1
   and day >= '2024-06-01 00:00Z'
   and day < '2024-06-08 00:00Z'
 group by day
 order by day;

-- The five pages seen most often
select (topn(topn_union_agg(top_paths), 5)).*
  from page_views_1day
 where customer_id = 1
   and day >= '2024-06-01 00:00Z'
   and day < '2024-06-08 00:00Z';

-- Views and users by where they came from
select coalesce(source, '(direct)') as source,
       campaign,
       sum(views) as views,
       round(hll_cardinality(hll_union_agg(users))) as users
  from page_views_1day
 where customer_id = 1
   and day >= '2024-06-01 00:00Z'
   and day < '2024-06-08 00:00Z'
 group by page_views_1day.source, campaign
 order by views desc, source, campaign;

-- The busiest hours of the week
select hour,
       sum(views) as views,
       round(hll_cardinality(hll_union_agg(users))) as users
  from page_views_1hr
 where customer_id = 1
   and hour >= '2024-06-01 00:00Z'
   and hour < '2024-06-08 00:00Z'
 group by hour
 order by views desc, hour
 limit 3;
