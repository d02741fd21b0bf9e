create or replace function rollup_internal.bad_schedule(every text, reason text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = 'invalid_parameter_value',
        message = format('cannot schedule every %L: %s', every, reason),
        hint = 'For example ''1 minute'', ''5 minutes'', ''1 hour'' or ''*/10 * * * *''.';
end
$$;
comment on function rollup_internal.bad_schedule(text, text) is 'Raises invalid_parameter_value.';
