-- A signal leads to the state it names once it has lasted long enough: what is broken or missing for hold, what is kept
-- for keep_firing. Until then an alert that was normal is pending, and one that was told stays as it is or recovers.
create or replace function rollup_analytics_internal.next_alert_state(
    state text, signal text, lasted interval, hold interval, keep_firing interval)
    returns text
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
    return case
        when signal = 'broken' and (state in ('firing', 'recovering') or lasted >= hold) then 'firing'
        when signal = 'no data' and (state = 'no data' or lasted >= hold) then 'no data'
        when signal <> 'kept' then case when state in ('firing', 'recovering') then state else 'pending' end
        when state in ('firing', 'no data', 'recovering') and lasted < keep_firing then 'recovering'
        else 'normal' end;
comment on function rollup_analytics_internal.next_alert_state(text, text, interval, interval, interval) is
    'The state of an alert after a signal that has lasted for some time.';
