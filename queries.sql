-- Step 6: the four dashboard questions, for one customer.
-- Sketches are merged across buckets and dimensions, never added up.

-- Events and distinct devices in the last 5 minutes
select sum(event_count) as events,
       round(hll_cardinality(hll_union_agg(device_distinct_count))) as devices
  from rollup_events_5min
 where customer_id = 1
   and minute >= now() - interval '5 minutes'
   and minute <= now();

-- Events and distinct sessions over the last week
select sum(event_count) as events,
       round(hll_cardinality(hll_union_agg(session_distinct_count))) as sessions
  from rollup_events_1hr
 where customer_id = 1
   and hour >= date_trunc('day', now()) - interval '7 days'
   and hour <= now();

-- Events, devices and sessions by hour over the last 2 days
select hour,
       sum(event_count) as events,
       round(hll_cardinality(hll_union_agg(device_distinct_count))) as devices,
       round(hll_cardinality(hll_union_agg(session_distinct_count))) as sessions
  from rollup_events_1hr
 where customer_id = 1
   and hour >= date_trunc('day', now()) - interval '2 days'
   and hour <= now()
 group by hour
 order by hour;

-- The ten busiest devices of the past 30 minutes
select (topn(topn_union_agg(top_devices_1000), 10)).*
  from rollup_events_5min
 where customer_id = 2
   and minute >= now() - interval '30 minutes'
   and minute <= now();
