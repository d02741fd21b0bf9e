create or replace function rollup_internal.check_lag(
    reports jsonb, out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    s record;
begin
    for s in select * from rollup_internal.rollup_status(reports) x where x.lag_events is not null loop
        check_name := format('lag of %I', s.name);
        status := case when s.last_status = 'failed' or s.lag_seconds > 600 then 'fail'
                       when s.note is not null then 'warn' else 'ok' end;
        finding := format('%s events, %s s', s.lag_events, s.lag_seconds)
                 || coalesce('; ' || s.note, '') || coalesce('; last run ' || s.last_status || ': ' || s.last_message, '');
        todo := case when status = 'fail' then format('select * from rollup.run(%L)', s.name) end;
        return next;
    end loop;
end
$$;
comment on function rollup_internal.check_lag(jsonb) is
    'Part of rollup.doctor: rollups that fail or are more than ten minutes behind, except those whose source '
    'does not exist.';
