-- Only what a rollup has counted: below its watermark no open transaction can add an event any more. Going on from the
-- largest id in the table would miss an event whose transaction commits later than one with a larger id.
{{ config(materialized='incremental', unique_key='activity_id') }}
select e.event_id as activity_id,
       e.customer_id || '/' || e.user_id as visitor_id,
       (e.event_time at time zone 'UTC')::date as date_id,
       e.customer_id || e.path as content_id,
       e.source,
       e.event_type as activity_type
  from {{ source('public', 'events') }} e
  join {{ source('rollup', 'watermarks') }} w
    on w.rollup = '{{ var("settled_by", "rollup_events_1hr") }}'
   and w.node_group = (e.event_id >> 48)::int and e.event_id <= w.last_id
 where e.user_id is not null
{% if is_incremental() %}
   and e.event_id > coalesce((select max(a.activity_id) from {{ this }} a where (a.activity_id >> 48)::int = w.node_group), 0)
{% endif %}
