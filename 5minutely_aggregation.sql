-- Step 4: count events by 5 minutes. Makes five_minutely_aggregation(); read it with
-- \sf five_minutely_aggregation

select rollup.create_rollup(
    name          => 'rollup_events_5min',
    source        => 'public.events',
    bucket        => '5 minutes',
    bucket_column => 'minute',
    dimensions    => '{event_type,country,browser}',
    measures      => '{"event_count":            {"count": "*"},
                       "device_distinct_count":  {"distinct": "device_id"},
                       "session_distinct_count": {"distinct": "session_id"},
                       "top_devices_1000":       {"top": "device_id", "counters": 1000}}',
    function_name => 'five_minutely_aggregation');
