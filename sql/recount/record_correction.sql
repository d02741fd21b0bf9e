create or replace function rollup_internal.record_correction(
    rollup_name text, buckets bigint, rows bigint, duration interval, left_ranges tstzmultirange)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_column
declare
    is_left constant boolean := coalesce(not isempty(left_ranges), false);
begin
    insert into rollup_internal.correction_totals as t (rollup, buckets, rows, seconds, last_at, left_buckets, last_left, last_left_at)
    values (rollup_name, record_correction.buckets, record_correction.rows, extract(epoch from duration), clock_timestamp(),
            case when is_left then (select count(*) from unnest(left_ranges)) else 0 end,
            case when is_left then left_ranges::text end,
            case when is_left then clock_timestamp() end)
    on conflict (rollup) do update
       set buckets = t.buckets + excluded.buckets, rows = t.rows + excluded.rows, seconds = t.seconds + excluded.seconds,
           last_at = excluded.last_at, left_buckets = t.left_buckets + excluded.left_buckets,
           last_left = coalesce(excluded.last_left, t.last_left), last_left_at = coalesce(excluded.last_left_at, t.last_left_at);
end
$$;
comment on function rollup_internal.record_correction(text, bigint, bigint, interval, tstzmultirange) is
    'Adds a correction to rollup_internal.correction_totals, with the times that were left as they are because raw events have '
    'expired.';
