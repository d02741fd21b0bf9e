-- The states follow from the signals alone, as in evaluate_alerts; those of the present play no part.
create or replace function rollup_analytics.replay_alert(
    rule text, range_from timestamptz, range_to timestamptz, every interval default '1 minute')
    returns table (subject text, at timestamptz, state_before text, state text, value numeric)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    a constant rollup_analytics.alert_rules := rollup_analytics_internal.get_alert_rule(rule);
    s record;
    ats timestamptz[];
    since timestamptz;
    now_state text;
    place int := 0;
begin
    if a.kind = 'lag' then
        raise exception using
            errcode = 'feature_not_supported',
            message = 'a rule about lag cannot be replayed: how far rollups were behind is not recorded';
    elsif every is null or every <= interval '0' or range_from is null or range_to is null or range_from >= range_to then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'a replay needs range_from, a later range_to, and a time between evaluations above zero';
    elsif extract(epoch from range_to) - extract(epoch from range_from) > 50000 * extract(epoch from every) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('a replay has at most 50000 evaluations: from %s to %s there are more, every %s', range_from, range_to, every),
            hint = 'Ask for a shorter range or fewer evaluations, such as every => ''1 hour''.';
    end if;
    ats := array(select g from generate_series(range_from, range_to, every) g where g < range_to);
    for s in
        select x.*, lag(x.signal) over w as signal_before, row_number() over w as n
          from rollup_analytics_internal.alert_signals(array[rule], ats, false) x
        window w as (partition by x.subject order by x.at)
         order by x.subject, x.at
    loop
        if s.n = 1 then
            now_state := 'normal';
        end if;
        if s.n = 1 or s.signal <> s.signal_before then
            since := s.at;
        end if;
        state_before := now_state;
        state := rollup_analytics_internal.next_alert_state(now_state, s.signal, s.at - since, a.hold, a.keep_firing);
        if state <> state_before then
            subject := s.subject;
            at := s.at;
            value := s.value;
            return next;
        end if;
        now_state := state;
    end loop;
end
$$;
comment on function rollup_analytics.replay_alert(text, timestamptz, timestamptz, interval) is
    'The transitions that a rule would have made, had it been evaluated so often in a range that includes range_from and '
    'excludes range_to. Changes nothing; the rule need not be enabled.';
