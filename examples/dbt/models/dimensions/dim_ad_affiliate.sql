select customer_id || '/' || campaign || '/' || coalesce(source, '') as ad_affiliate_id,
       campaign,
       source,
       coalesce(max(properties ->> 'ad_type'), 'banner') as ad_type
  from {{ source('public', 'events') }}
 where campaign is not null
 group by customer_id, campaign, source
