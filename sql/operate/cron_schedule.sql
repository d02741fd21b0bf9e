create or replace function rollup_internal.cron_schedule(every text)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    seconds numeric;
    cron_version int[];
begin
    -- Five fields: cron's own notation, which pg_cron checks.
    if every ~ '^[[:space:]]*[^[:space:]]+([[:space:]]+[^[:space:]]+){4}[[:space:]]*$' and every !~ '[[:alpha:]]{4}' then
        return btrim(every);
    end if;
    if every ~ '^[[:space:]]*[-+]?[0-9.]+[[:space:]]*$' then
        perform rollup_internal.bad_schedule(every, 'a number needs a unit');
    end if;
    begin
        seconds := extract(epoch from every::interval);
    exception when invalid_datetime_format or datetime_field_overflow then
        seconds := null;
    end;
    -- Debian calls a version 1.4-1.
    select regexp_match(extversion, '^([0-9]+)[.]([0-9]+)')::int[] into cron_version
      from pg_extension where extname = 'pg_cron';
    return case
        when seconds is null or seconds <= 0 then rollup_internal.bad_schedule(every, 'that is neither a time span nor cron notation')
        when seconds < 60 and cron_version < '{1,5}' then rollup_internal.bad_schedule(every, 'pg_cron before 1.5 has no seconds')
        when seconds < 60 and seconds = trunc(seconds) then format('%s seconds', trunc(seconds))
        when seconds < 3600 and mod(seconds, 60) = 0 and mod(60, seconds / 60) = 0
            then case when seconds = 60 then '* * * * *' else format('*/%s * * * *', trunc(seconds / 60)) end
        when seconds < 86400 and mod(seconds, 3600) = 0 and mod(24, seconds / 3600) = 0
            then case when seconds = 3600 then '0 * * * *' else format('0 */%s * * *', trunc(seconds / 3600)) end
        when seconds = 86400 then '0 0 * * *'
        else rollup_internal.bad_schedule(every, 'cron can keep only intervals that divide a minute, an hour or a day') end;
end
$$;
comment on function rollup_internal.cron_schedule(text) is
    'The pg_cron notation of an interval such as "1 minute"; cron notation is returned unchanged.';
