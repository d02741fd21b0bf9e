-- Who visits: as an event last said it. The source is the one that brought the visitor first.
select customer_id || '/' || user_id as visitor_id,
       (array_agg(properties ->> 'name' order by event_id desc) filter (where properties ? 'name'))[1] as visitor_name,
       (array_agg(country order by event_id desc) filter (where country is not null))[1] as location,
       (array_agg(browser order by event_id desc) filter (where browser is not null))[1] as device_type,
       (array_agg(source order by event_id) filter (where source is not null))[1] as source
  from {{ source('public', 'events') }}
 where user_id is not null
 group by customer_id, user_id
