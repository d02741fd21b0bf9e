-- A month is 28 to 31 days, and an hour more or less where partitions follow a time zone with summer time.
create or replace function rollup_internal.calendar_width(width interval)
    returns interval
    language sql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
begin atomic
    select case
        when width between '27 days 23 hours' and '31 days 1 hour' then interval '1 month'
        when width between '364 days 23 hours' and '366 days 1 hour' then interval '1 year'
        when width >= '23 hours' then make_interval(days => greatest(1, round(extract(epoch from width) / 86400)::int))
        else width end;
end;
comment on function rollup_internal.calendar_width(interval) is
    'The length of partitions that the calendar has, of one that has been measured.';
