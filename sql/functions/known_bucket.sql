-- pg_timezone_names reads every zone's file, which takes a while and is done once, here.
create or replace function rollup.known_bucket(bucket interval, time_zone text)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set intervalstyle = postgres
as $$
#variable_conflict use_variable
declare
    months constant numeric := extract(year from bucket) * 12 + extract(month from bucket);
    days constant numeric := extract(day from bucket);
    seconds constant numeric := extract(epoch from bucket - make_interval(months => months::int, days => days::int));
    zone_name text;
begin
    if time_zone is null then
        if months <> 0 or days * 86400 + seconds not between 1 and 86400 or seconds <> floor(seconds) then
            raise exception using
                errcode = 'invalid_parameter_value',
                message = format('the bucket must be whole seconds, from 1 second to 1 day, not %L', bucket),
                hint = case when bucket > interval '1 day' then
                    'Longer ones are days, weeks or months of a time zone: add time_zone => ''UTC'', say.'
                    else 'Such as ''5 minutes'' or ''1 hour''.' end;
        end if;
        return null;
    end if;
    if seconds <> 0 or (months <> 0 and days <> 0) or months < 0 or days < 0 or months + days = 0 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('in a time zone the bucket must be whole days or whole months, not %L', bucket),
            hint = case when months = 0 and days = 0 and seconds > 0 then
                'Shorter ones are the same in all time zones: leave time_zone out.'
                || case when mod(seconds, 86400) = 0 then format(' Or say ''%s days''.', seconds::int / 86400) else '' end
                else 'Such as ''1 day'', ''1 week'', ''1 month'' or ''1 year''.' end;
    end if;
    select z.name into zone_name
      from pg_timezone_names z
     where lower(z.name) = lower(time_zone);
    if not found then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('there is no time zone %L', time_zone),
            hint = coalesce(
                (select 'There are ' || string_agg(near.name, ', ' order by near.name) || '.'
                   from (select z.name from pg_timezone_names z
                          where strpos(lower(z.name), lower(time_zone)) > 0 and time_zone <> ''
                            and z.name !~ '^posix' limit 5) near),
                'See the view pg_timezone_names.');
    end if;
    -- timezone() takes CET for an hour that never changes, and not for the zone of that name.
    if upper(zone_name) not in ('UTC', 'GMT')
       and exists (select from pg_timezone_abbrevs a where a.abbrev = upper(zone_name)) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('%s is an abbreviation, without daylight saving, and not a time zone', time_zone),
            hint = 'Name a place in it, such as ''Europe/Berlin''.';
    end if;
    return zone_name;
end
$$;
comment on function rollup.known_bucket(interval, text) is
    'Internal. Refuses what is no bucket, or no time zone, and answers the zone''s name as it is spelled.';
