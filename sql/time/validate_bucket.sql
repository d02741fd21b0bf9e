create or replace function rollup_internal.validate_bucket(bucket interval, time_zone text)
    returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set intervalstyle = postgres
as $$
declare
    months constant numeric := extract(year from bucket) * 12 + extract(month from bucket);
    days constant numeric := extract(day from bucket);
    seconds constant numeric := extract(epoch from bucket - make_interval(months => months::int, days => days::int));
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
        return;
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
end
$$;
comment on function rollup_internal.validate_bucket(interval, text) is
    'Refuses an invalid bucket: without a time zone it must be whole seconds up to a day, otherwise whole days '
    'or months.';
