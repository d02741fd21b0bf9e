-- pg_timezone_names reads the file of every zone, which takes 70 ms. A name without digits is looked up by setting
-- TimeZone, which reads one file and finds the canonical spelling; with digits, it could be a POSIX rule that has no file.
-- The SET clause restores the setting.
create or replace function rollup_internal.validate_time_zone(time_zone text)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
#variable_conflict use_variable
declare
    -- In Turkish, the small letter of I is a dotless one.
    given constant text collate "C" := btrim(time_zone);
    -- UTC+3, <+03>-3, GMT-5:30, +03, 3: to POSIX, and so to PostgreSQL, UTC+3 is west of Greenwich, where it is
    -- UTC-3 everywhere else.
    number constant text[] := regexp_match(given, '^(?:UTC|GMT|UT|Z|<[^>]*>)? *([-+]?)([0-9]{1,2})(?::?([0-9]{2}))?(?::?[0-9]{2})?$', 'i');
    zone_name text;
    place text;
begin
    if time_zone is null then
        return null;
    end if;
    if given ~ '^[A-Za-z_/-]+$' then
        begin
            perform set_config('TimeZone', given, true);
            zone_name := current_setting('TimeZone');
        exception when invalid_parameter_value then
            null;
        end;
    else
        select z.name into zone_name
          from pg_timezone_names z
         where lower(z.name collate "C") = lower(given);
    end if;
    if number is not null and zone_name is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('time zone %L is an offset, and its sign means opposite things to POSIX and to people', time_zone),
            hint = concat('Name a place, such as ''Europe/Berlin''', case
                when given ~ '[<>]' or coalesce(number[3], '00') <> '00' or number[2]::int > 12 then '.'
                when number[2]::int = 0 then ', or ''UTC''.'
                else format('. What is %1$s hours ahead of UTC all year is ''Etc/GMT-%1$s'', %1$s hours behind ''Etc/GMT+%1$s''.',
                            number[2]::int) end);
    end if;
    -- timezone() takes CET for a fixed offset of one hour, not for the zone of that name.
    if upper(given) not in ('UTC', 'GMT')
       and exists (select from pg_timezone_abbrevs a where a.abbrev = upper(given)) then
        -- The zones that abbreviations usually stand for.
        select p.place into place
          from (values ('{EST,EDT}', 'America/New_York'), ('{CST,CDT}', 'America/Chicago'),
                       ('{MST,MDT}', 'America/Denver'), ('{PST,PDT}', 'America/Los_Angeles'),
                       ('{AKST,AKDT}', 'America/Anchorage'), ('{HST}', 'Pacific/Honolulu'),
                       ('{AST,ADT}', 'America/Halifax'), ('{BRT}', 'America/Sao_Paulo'),
                       ('{BST}', 'Europe/London'), ('{WET,WEST}', 'Europe/Lisbon'), ('{CET,CEST,MET,MEST}', 'Europe/Berlin'),
                       ('{EET,EEST}', 'Europe/Helsinki'), ('{MSK,MSD}', 'Europe/Moscow'), ('{IST}', 'Asia/Kolkata'),
                       ('{JST}', 'Asia/Tokyo'), ('{KST}', 'Asia/Seoul'), ('{SGT}', 'Asia/Singapore'),
                       ('{AEST,AEDT}', 'Australia/Sydney'), ('{AWST}', 'Australia/Perth'), ('{NZST,NZDT}', 'Pacific/Auckland'),
                       ('{Z,ZULU,UT,UCT}', 'UTC')) p (abbreviations, place)
         where upper(given) = any (p.abbreviations::text[]);
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('%s is an abbreviation, without daylight saving, and not a time zone', given),
            hint = case when place = 'UTC' then 'Write ''UTC''.'
                        else format('Name a place in it, such as %L.', coalesce(place, 'Europe/Berlin')) end;
    end if;
    -- localtime is the zone of the server's machine; Factory is a placeholder.
    if zone_name is null or time_zone <> given or zone_name ~* '^(posix|right)|^(localtime|factory)$' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('there is no time zone %L', time_zone),
            hint = coalesce(
                (select 'There are ' || string_agg(near.name, ', ' order by near.name) || '.'
                   from (select z.name from pg_timezone_names z
                          where strpos(lower(z.name collate "C"), lower(regexp_replace(given, '^(posix|right)/', '', 'i'))) > 0 and given <> ''
                            and z.name !~* '^(posix|right)|^(localtime|factory)$'
                          order by z.name limit 5) near),
                'See the view pg_timezone_names.');
    end if;
    return zone_name;
end
$$;
comment on function rollup_internal.validate_time_zone(text) is
    'Returns a time zone''s name in its canonical spelling; refuses offsets, abbreviations and unknown zones.';
