select customer_id || path as content_id,
       coalesce(max(properties ->> 'content_type'), 'article') as content_type,
       (array_agg(properties ->> 'title' order by event_id desc) filter (where properties ? 'title'))[1] as content_title,
       (array_agg(properties ->> 'author' order by event_id desc) filter (where properties ? 'author'))[1] as author,
       max(category) as category
  from {{ source('public', 'events') }}
 where path is not null
 group by customer_id, path
