select event_id as sentiment_id,
       customer_id || '/' || source as social_media_id,
       (event_time at time zone 'UTC')::date as date_id,
       value as sentiment_score
  from {{ source('public', 'events') }}
 where event_type = 'mention' and source is not null
