-- What one would write without this project, as the tutorial does: for each rollup one pass over
-- the raw events. It has no window that is safe under concurrent writers, no ledger and no check.
insert into obvious_5min as r (
    customer_id, minute, event_type, country, browser, event_count, device_distinct_count,
    session_distinct_count, top_devices_1000)
select customer_id, date_bin('5 minutes', event_time, '2000-01-01 00:00:00+00'), event_type,
       country, browser, count(*), hll_add_agg(hll_hash_bigint(device_id)),
       hll_add_agg(hll_hash_bigint(session_id)), topn_add_agg(device_id::text)
  from events
 where event_id between 1 and 1000000000
 group by 1, 2, 3, 4, 5
on conflict (customer_id, minute, event_type, country, browser) do update set
    event_count = r.event_count + excluded.event_count,
    device_distinct_count = hll_union(r.device_distinct_count, excluded.device_distinct_count),
    session_distinct_count = hll_union(r.session_distinct_count, excluded.session_distinct_count),
    top_devices_1000 = topn_union(r.top_devices_1000, excluded.top_devices_1000);

insert into obvious_1hr as r (
    customer_id, hour, event_type, country, browser, event_count, device_distinct_count,
    session_distinct_count, top_devices_1000)
select customer_id, date_bin('1 hour', event_time, '2000-01-01 00:00:00+00'), event_type,
       country, browser, count(*), hll_add_agg(hll_hash_bigint(device_id)),
       hll_add_agg(hll_hash_bigint(session_id)), topn_add_agg(device_id::text)
  from events
 where event_id between 1 and 1000000000
 group by 1, 2, 3, 4, 5
on conflict (customer_id, hour, event_type, country, browser) do update set
    event_count = r.event_count + excluded.event_count,
    device_distinct_count = hll_union(r.device_distinct_count, excluded.device_distinct_count),
    session_distinct_count = hll_union(r.session_distinct_count, excluded.session_distinct_count),
    top_devices_1000 = topn_union(r.top_devices_1000, excluded.top_devices_1000);
