create or replace function rollup_analytics.create_perf_1min(
    name text default 'perf_1min', source text default 'events', requests text default $$event_type = 'request'$$,
    path_column text default 'path', status_column text default 'status', seconds text default 'value')
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    q record;
    status text;
begin
    select * into q from rollup_analytics_internal.source_columns(source);
    status := rollup_internal.quote_if_column(q.relation, status_column);
    return rollup.create_rollup(
        name => name,
        source => q.relation,
        bucket => interval '1 minute',
        bucket_column => 'minute',
        tenant => q.tenant_column,
        time_column => q.time_column,
        dimensions => array[path_column, format('case when %1$s ~ ''^[1-5][0-9][0-9]$'' then concat(left(%1$s, 1), ''xx'') end as status_class', status)],
        filter => requests,
        measures => (jsonb_build_object(
                'requests', jsonb_build_object('count', '*'),
                'errors', jsonb_build_object('count', '*', 'where', format('%s ~ ''^5[0-9][0-9]$''', status)),
                'seconds', jsonb_build_object('avg', seconds),
                'slowest', jsonb_build_object('max', seconds))
            || case when exists (select from pg_available_extensions x where x.name = 'tdigest')
                    then jsonb_build_object('latency', jsonb_build_object('quantiles', seconds)) else '{}' end)::json);
end
$$;
comment on function rollup_analytics.create_perf_1min(text, text, text, text, text, text) is
    'Declares a rollup of requests by minute, path and class of status (2xx, 5xx): their number, errors, and seconds: mean, '
    'maximum and, with the tdigest extension, quantiles.';
