-- pg_timezone_names reads every zone's file, which takes 70 ms: for declarations, not for each query.
create or replace function rollup_internal.validate_time_zone(time_zone text)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    zone_name text;
begin
    if time_zone is null then
        return null;
    end if;
    -- timezone() takes CET for an hour that never changes, and not for the zone of that name.
    if upper(time_zone) not in ('UTC', 'GMT')
       and exists (select from pg_timezone_abbrevs a where a.abbrev = upper(time_zone)) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('%s is an abbreviation, without daylight saving, and not a time zone', time_zone),
            hint = 'Name a place in it, such as ''Europe/Berlin''.';
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
    return zone_name;
end
$$;
comment on function rollup_internal.validate_time_zone(text) is
    'A time zone''s name as it is spelled; refuses what is none.';
