create or replace function rollup_internal.check_set_aside(
    out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    s record;
begin
    for s in
        select r.name, count(x.event_id) as events, min(x.event_id) as first_id,
               (array_agg(x.reason order by x.event_id))[1] as reason
          from rollup_internal.rollups r
          left join rollup_internal.set_aside x on x.rollup = r.name
         group by r.id, r.name
         order by r.id
    loop
        check_name := format('events set aside by %I', s.name);
        status := case s.events when 0 then 'ok' else 'warn' end;
        finding := case s.events when 0 then 'none'
                                 else format('%s, the first with id %s: %s', s.events, s.first_id, s.reason) end;
        todo := case when s.events > 0 then
            format('correct or delete them (rollup.set_aside), then select * from rollup.retry_set_aside(%L)', s.name) end;
        return next;
    end loop;
end
$$;
comment on function rollup_internal.check_set_aside() is 'Part of rollup.doctor: events that rollups could not count.';
