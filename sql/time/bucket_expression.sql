-- Counts from a fixed origin, because date_trunc depends on the session's time zone.
create or replace function rollup_internal.bucket_expression(bucket interval, time_zone text, expression text)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
    set intervalstyle = postgres
as $$
begin
    return case when time_zone is null
        then format('date_bin(%L, %s, timestamptz %L)', bucket, expression, '2000-01-01 00:00:00+00')
        else format('rollup.bucket_start(%L, %L, %s)', bucket, time_zone, expression) end;
end
$$;
comment on function rollup_internal.bucket_expression(interval, text, text) is
    'SQL for the start of the bucket that the time in an expression falls into.';
