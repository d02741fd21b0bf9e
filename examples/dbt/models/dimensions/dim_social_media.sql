select customer_id || '/' || source as social_media_id,
       source as social_media_name,
       case when avg(value) > 0.2 then 'positive' when avg(value) < -0.2 then 'negative' else 'neutral' end as sentiment_category
  from {{ source('public', 'events') }}
 where event_type = 'mention' and source is not null
 group by customer_id, source
