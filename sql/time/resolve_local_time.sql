-- Where clocks go back over midnight a local time comes twice, where they go forward over it never.
-- The answer is the moment from which on the clocks show no earlier time any more, so that days
-- follow each other without a gap. timezone() alone would begin an autumn day of the Azores, where
-- one o'clock becomes midnight, with its second hour.
create or replace function rollup_internal.resolve_local_time(local_time timestamp, time_zone text)
    returns timestamptz
    language plpgsql
    immutable
    strict
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    moment timestamptz := timezone(time_zone, local_time);
    seconds int := 131072;
begin
    -- No such step of the clocks is longer than a day, and all are whole seconds.
    if timezone(time_zone, moment - interval '1 second') >= local_time then
        while seconds > 0 loop
            if timezone(time_zone, moment - make_interval(secs => seconds)) >= local_time then
                moment := moment - make_interval(secs => seconds);
            end if;
            seconds := seconds / 2;
        end loop;
    end if;
    return moment;
end
$$;
comment on function rollup_internal.resolve_local_time(timestamp, text) is
    'When the clocks of a time zone come to show a local time, or a later one, for good.';
