-- A rule that raises an error, because its rollup or its measure is gone, does not keep the others from being evaluated:
-- it has no data, and the note says why.
create or replace function rollup_analytics_internal.alert_values(rules text[], ats timestamptz[], with_states boolean)
    returns table (rule text, at timestamptz, subject text, weeks_ago int, value numeric, note text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    batch record;
    problem text;
begin
    for batch in
        select array_agg(a.rule order by a.rule) as rules, a.kind in ('lag', 'velocity') as is_other, min(a.kind) as kind
          from rollup_analytics.alert_rules a
         where a.rule = any (rules)
         group by case when a.kind = 'velocity' then a.rule end, a.kind = 'lag', a.kind = 'velocity', a.kind in ('lag', 'velocity'),
                  case when a.kind not in ('lag', 'velocity') then a.rollup end,
                  case when a.kind not in ('lag', 'velocity') then a.measure end
    loop
        begin
            if batch.kind = 'lag' then
                return query select v.*, null from rollup_analytics_internal.lag_values(batch.rules, ats[cardinality(ats)]) v;
            elsif batch.kind = 'velocity' then
                return query select v.*, null from rollup_analytics_internal.velocity_values(batch.rules[1], ats, with_states) v;
            else
                return query select v.*, null from rollup_analytics_internal.batch_values(batch.rules, ats, with_states) v;
            end if;
        exception when others then
            get stacked diagnostics problem = message_text;
            if cardinality(batch.rules) > 1 then
                return query
                select v.* from unnest(batch.rules) b (name)
                 cross join lateral rollup_analytics_internal.alert_values(array[b.name], ats, with_states) v;
            else
                return query
                select a.rule, t.at, s.subject, 0, null::numeric, problem
                  from rollup_analytics.alert_rules a
                 cross join unnest(ats) t (at)
                 cross join lateral (
                       select x.subject from rollup_analytics.alert_states x where x.rule = a.rule
                       union
                       select a.tenant where not exists (select from rollup_analytics.alert_states x where x.rule = a.rule)) s
                 where a.rule = batch.rules[1];
            end if;
        end;
    end loop;
end
$$;
comment on function rollup_analytics_internal.alert_values(text[], timestamptz[], boolean) is
    'What rules compare, at some moments: a number for each subject, and those of the weeks before; or why there is none.';
