-- From the rollup: days of a year in milliseconds. Sketches are united; adding up distinct counts of hours would be wrong.
select customer_id,
       (hour at time zone 'UTC')::date as date_id,
       sum(event_count) as events,
       round(hll_cardinality(hll_union_agg(device_distinct_count))) as devices
  from {{ source('public', 'rollup_events_1hr') }}
 group by 1, 2
