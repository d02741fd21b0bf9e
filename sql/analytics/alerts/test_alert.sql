create or replace function rollup_analytics.test_alert(rule text, at timestamptz default now())
    returns table (subject text, signal text, value numeric, note text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    perform rollup_analytics_internal.get_alert_rule(rule);
    return query
    select s.subject, s.signal, s.value, s.note
      from rollup_analytics_internal.alert_signals(array[rule], array[at], true) s
     order by s.signal = 'kept', s.subject;
end
$$;
comment on function rollup_analytics.test_alert(text, timestamptz) is
    'What an evaluation of a rule would find, for each subject: kept, broken or no data, and the number compared. Changes '
    'nothing.';
