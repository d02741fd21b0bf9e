-- Step 4, continued: count events by hour. Makes hourly_aggregation(); read it with
-- \sf hourly_aggregation

select rollup.create_rollup(
    name          => 'rollup_events_1hr',
    source        => 'public.events',
    bucket        => '1 hour',
    bucket_column => 'hour',
    dimensions    => '{event_type,country,browser}',
    measures      => '{"event_count":            {"count": "*"},
                       "device_distinct_count":  {"distinct": "device_id"},
                       "session_distinct_count": {"distinct": "session_id"},
                       "top_devices_1000":       {"top": "device_id", "counters": 1000}}',
    function_name => 'hourly_aggregation');
