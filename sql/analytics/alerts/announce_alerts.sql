-- Receivers are told what they do not know yet. What a silence has kept from them is told when it has ended, if it is
-- still so. That an alert is over is told to those who know of it, also during a silence.
create or replace function rollup_analytics_internal.announce_alerts(at timestamptz, transitions bigint[])
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    with news as materialized (
        select s.rule, s.subject, s.state, s.transition
          from rollup_analytics.alert_states s
         where case when s.state in ('firing', 'no data') then
                        s.told is distinct from s.state and not rollup_analytics_internal.is_silenced(s.rule, s.subject, at)
                    when s.state = 'normal' then s.told is not null
                    else s.transition = any (transitions) and not rollup_analytics_internal.is_silenced(s.rule, s.subject, at) end
    ),
    told as (
        update rollup_analytics.alert_states s set told = case when n.state <> 'normal' then n.state end
          from news n
         where s.rule = n.rule and coalesce(s.subject, '') = coalesce(n.subject, '') and n.state in ('firing', 'no data', 'normal')
    )
    insert into rollup_analytics.alert_deliveries (receiver, transition)
    select v.receiver, n.transition
      from news n
      join rollup_analytics.alert_receivers v
        on v.enabled and n.state = any (v.states) and (v.rules is null or n.rule = any (v.rules))
     where n.transition is not null
     order by n.transition, v.receiver
    on conflict do nothing;
end
$$;
comment on function rollup_analytics_internal.announce_alerts(timestamptz, bigint[]) is
    'Writes a delivery for each receiver of what has changed.';
