create or replace function rollup_internal.check_set_aside(
    out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    s record;
    reason text;
begin
    for s in
        select r.name, count(x.event_id) as events, min(x.event_id) as first_id,
               min(x.event_id) filter (where has_column_privilege('rollup_internal.set_aside', 'reason', 'select')) as told_id
          from rollup_internal.rollups r
          left join rollup_internal.set_aside x on x.rollup = r.name
         group by r.id, r.name
         order by r.id
    loop
        check_name := format('events set aside by %I', s.name);
        reason := null;
        -- Values of events are shown to those who may read them.
        if s.told_id is not null then
            select x.reason into reason from rollup_internal.set_aside x where x.rollup = s.name and x.event_id = s.told_id;
        end if;
        status := case s.events when 0 then 'ok' else 'warn' end;
        finding := case s.events when 0 then 'none'
                                 else format('%s, the first with id %s%s', s.events, s.first_id, ': ' || reason) end;
        todo := case when s.events > 0 then
            format('correct or delete them (rollup.set_aside), then select * from rollup.retry_set_aside(%L)', s.name) end;
        return next;
    end loop;
end
$$;
comment on function rollup_internal.check_set_aside() is 'Part of rollup.doctor: events that rollups could not count.';
