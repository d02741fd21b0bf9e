-- Where clocks are set back across midnight, a local time occurs twice; where they are set forward across it,
-- never. Returns the moment after which the clocks show no earlier time, so that days follow each other without a
-- gap. timezone() alone would begin an autumn day of the Azores, where clocks go back from one o'clock to
-- midnight, with its second hour.
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
    -- No clock change exceeds a day, and all are whole seconds.
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
    'The moment from which the clocks of a time zone show a local time or a later one and never an earlier one.';
