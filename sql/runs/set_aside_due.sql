-- Each event is an id range of its own, for the rollups that have set it aside. Their number is bounded for each
-- run; those that have waited longest come first.
create or replace function rollup_internal.set_aside_due(names text[])
    returns rollup_internal.id_range[]
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return array(
        select row(array_agg(s.rollup order by s.rollup),
                   case when rollup_internal.is_distributed(min(r.source::oid)::regclass) then s.event_id >> 48 else 0 end,
                   s.event_id - 1, s.event_id, null)::rollup_internal.id_range
          from rollup_internal.set_aside s
          join rollup_internal.rollups r on r.name = s.rollup
         where s.rollup = any (names)
           and s.last_tried_at < now() - rollup_internal.setting('rollup.retry_interval')::interval
         group by s.event_id
         order by min(s.last_tried_at), s.event_id
         limit 100);
end
$$;
comment on function rollup_internal.set_aside_due(text[]) is
    'The events that rollups have set aside and should retry, as id ranges.';
