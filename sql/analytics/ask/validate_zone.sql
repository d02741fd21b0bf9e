-- rollup_internal.validate_time_zone reads the file of every zone, which takes 70 ms. The name of a place is checked by using it.
create or replace function rollup_analytics_internal.validate_zone(time_zone text)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    if time_zone is null then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = 'time_zone is NULL: calendars need a time zone',
            hint = 'Write ''UTC'' or a place, such as ''Europe/Berlin''.';
    elsif time_zone = 'UTC' then
        return time_zone;
    elsif time_zone ~ '^[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_-]+)+$' then
        perform timezone(time_zone, now());
        return time_zone;
    end if;
    return rollup_internal.validate_time_zone(time_zone);
end
$$;
comment on function rollup_analytics_internal.validate_zone(text) is
    'A time zone by name. Raises invalid_parameter_value for an offset, an abbreviation and an unknown name.';
