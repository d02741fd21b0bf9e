select campaign,
       count(*) filter (where subscription_status = 'converted') as conversions,
       count(*) as clicks,
       round(count(*) filter (where subscription_status = 'converted')::numeric / count(*), 3) as conversion_rate
  from {{ ref('fact_conversions') }}
  join {{ ref('dim_ad_affiliate') }} using (ad_affiliate_id)
 group by 1
