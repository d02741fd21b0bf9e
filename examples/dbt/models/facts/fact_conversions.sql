-- A click converts if its visitor subscribes within 30 days.
select c.event_id as conversion_id,
       c.customer_id || '/' || c.user_id as visitor_id,
       (c.event_time at time zone 'UTC')::date as date_id,
       c.customer_id || '/' || c.campaign || '/' || coalesce(c.source, '') as ad_affiliate_id,
       case when exists (select from {{ source('public', 'events') }} s
                          where s.event_type = 'subscribe' and s.customer_id = c.customer_id and s.user_id = c.user_id
                            and s.event_time >= c.event_time and s.event_time < c.event_time + interval '30 days')
            then 'converted' else 'not converted' end as subscription_status
  from {{ source('public', 'events') }} c
 where c.event_type = 'click' and c.campaign is not null and c.user_id is not null
