-- A claim is committed before the message is sent: it sets the time of the next attempt, which comes if the sender does
-- not report the outcome. A sender that is killed thus loses nothing, and no other one sends the same message meanwhile.
-- Whether a message arrived of which the outcome was never reported only the receiver can tell, by its key.
--
-- Messages of one alert to one receiver are sent in their order.
create or replace function rollup_analytics.claim_deliveries(max_number int default 20, patience interval default '30 seconds')
    returns table (delivery bigint, key uuid, attempt int, receiver text, kind text, target text, message jsonb)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    with claimed as (
        update rollup_analytics.alert_deliveries d
           set attempts = d.attempts + 1,
               next_attempt_at = clock_timestamp() + least(patience * power(2, least(d.attempts, 20)), greatest(patience, interval '1 hour'))
         where d.id in (
               select w.id
                 from rollup_analytics.alert_deliveries w
                 join rollup_analytics.alert_log l on l.id = w.transition
                 join rollup_analytics.alert_receivers v on v.receiver = w.receiver and v.enabled
                where w.sent_at is null
                  and w.given_up_at is null
                  and w.next_attempt_at <= clock_timestamp()
                  and not exists (
                      select from rollup_analytics.alert_deliveries e
                        join rollup_analytics.alert_log b on b.id = e.transition
                       where e.receiver = w.receiver and e.id < w.id and e.sent_at is null and e.given_up_at is null
                         and b.rule = l.rule and coalesce(b.subject, '') = coalesce(l.subject, ''))
                order by w.id
                limit max_number
                  for update of w skip locked)
        returning d.id, d.key, d.attempts, d.receiver, d.transition
    )
    select c.id, c.key, c.attempts, c.receiver, v.kind, v.target,
           jsonb_build_object('key', c.key, 'id', l.id, 'rule', l.rule, 'subject', l.subject, 'state', l.state,
                              'state_before', l.state_before, 'at', l.at, 'value', l.value, 'note', l.note,
                              'severity', l.severity, 'description', l.description)
      from claimed c
      join rollup_analytics.alert_receivers v on v.receiver = c.receiver
      join rollup_analytics.alert_log l on l.id = c.transition
     order by c.id;
end
$$;
comment on function rollup_analytics.claim_deliveries(int, interval) is
    'Deliveries that are due, for a sender that reports the outcome of each to finish_delivery. One whose outcome is not '
    'reported is due again after patience, which doubles with each attempt up to an hour.';
