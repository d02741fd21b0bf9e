-- States, log, deliveries and notifications are one transaction. A second evaluation at the same time returns nothing
-- at once: the first one does its work.
create or replace function rollup_analytics.evaluate_alerts(at timestamptz default now())
    returns table (rule text, subject text, state_before text, state text, value numeric, note text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    transitions bigint[];
begin
    if not pg_try_advisory_xact_lock(hashtextextended('rollup.evaluate_alerts', 0)) then
        return;
    end if;
    with found_signals as materialized (
        select x.*
          from rollup_analytics_internal.alert_signals(
               array(select a.rule from rollup_analytics.alert_rules a where a.enabled), array[evaluate_alerts.at], true) x
    ),
    s as materialized (
        select * from found_signals
        union all
        select b.rule, evaluate_alerts.at, b.subject, 'kept', null, 'no longer evaluated'
          from rollup_analytics.alert_states b
          join rollup_analytics.alert_rules a on a.rule = b.rule and a.enabled
         where not exists (select from found_signals f where f.rule = b.rule and coalesce(f.subject, '') = coalesce(b.subject, ''))
    ),
    lasting as (
        select s.*, coalesce(b.state, 'normal') as state_before,
               case when b.signal = s.signal then b.signal_since else s.at end as signal_since,
               b.since
          from s
          left join rollup_analytics.alert_states b on b.rule = s.rule and coalesce(b.subject, '') = coalesce(s.subject, '')
         where coalesce(b.evaluated_at <= s.at, true)
    ),
    n as (
        select l.*, a.severity, a.description,
               rollup_analytics_internal.next_alert_state(
                   l.state_before, l.signal, l.at - l.signal_since, a.hold, a.keep_firing) as state
          from lasting l
          join rollup_analytics.alert_rules a on a.rule = l.rule
    ),
    logged as (
        insert into rollup_analytics.alert_log (rule, subject, state_before, state, at, value, note, severity, description, silenced)
        select n.rule, n.subject, n.state_before, n.state, n.at, n.value, n.note, n.severity, n.description,
               rollup_analytics_internal.is_silenced(n.rule, n.subject, n.at)
          from n
         where n.state <> n.state_before
         order by n.rule, n.subject
        returning id, rule, subject
    ),
    written as (
        insert into rollup_analytics.alert_states as w
               (rule, subject, state, since, signal, signal_since, value, note, transition, evaluated_at)
        select n.rule, n.subject, n.state, case when n.state = n.state_before then coalesce(n.since, n.at) else n.at end,
               n.signal, n.signal_since, n.value, n.note, l.id, n.at
          from n
          left join logged l on l.rule = n.rule and coalesce(l.subject, '') = coalesce(n.subject, '')
        on conflict (rule, subject) do update
           set state = excluded.state, since = excluded.since, signal = excluded.signal, signal_since = excluded.signal_since,
               value = excluded.value, note = excluded.note, evaluated_at = excluded.evaluated_at,
               transition = coalesce(excluded.transition, w.transition)
    )
    select array_agg(id order by id) into transitions from logged;
    perform rollup_analytics_internal.announce_alerts(evaluate_alerts.at, coalesce(transitions, '{}'));
    perform pg_notify('rollup_alerts', json_build_object(
                'id', l.id, 'rule', l.rule, 'subject', left(l.subject, 1000), 'state_before', l.state_before, 'state', l.state,
                'value', l.value, 'at', l.at)::text)
       from rollup_analytics.alert_log l
      where l.id = any (transitions)
      order by l.id;
    return query
    select l.rule, l.subject, l.state_before, l.state, l.value, l.note
      from rollup_analytics.alert_log l
     where l.id = any (transitions)
     order by l.id;
end
$$;
comment on function rollup_analytics.evaluate_alerts(timestamptz) is
    'Evaluates all rules that are enabled, as of a time, and returns the alerts whose state has changed. Each change is a row of '
    'rollup_analytics.alert_log, a notification on channel rollup_alerts, and a delivery for each receiver it concerns. '
    'Repeating an evaluation changes nothing. While another one is going on it returns nothing.';
