-- A subscription ends with the next event that ends it, if there is one.
select s.event_id as subscription_id,
       s.customer_id || '/' || s.user_id as subscriber_id,
       coalesce(s.properties ->> 'plan', 'subscriber') as subscription_type,
       (s.event_time at time zone 'UTC')::date as start_date,
       (select (min(e.event_time) at time zone 'UTC')::date
          from {{ source('public', 'events') }} e
         where e.event_type = 'unsubscribe' and e.customer_id = s.customer_id and e.user_id = s.user_id
           and e.event_time > s.event_time) as end_date
  from {{ source('public', 'events') }} s
 where s.event_type = 'subscribe' and s.user_id is not null
