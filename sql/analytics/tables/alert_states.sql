-- A subject is a tenant, a rollup for lag, or NULL for all tenants together. Most evaluations change a few columns
-- only, so rows are updated in their page.
create table if not exists rollup_analytics.alert_states (
    rule         text        not null references rollup_analytics.alert_rules on update cascade on delete cascade,
    subject      text,
    state        text        not null,
    since        timestamptz not null,
    signal       text        not null,
    signal_since timestamptz not null,
    value        numeric,
    note         text,
    transition   bigint,
    told         text,
    evaluated_at timestamptz not null,
    unique nulls not distinct (rule, subject),
    constraint state_is_known check (state in ('normal', 'pending', 'firing', 'recovering', 'no data')),
    constraint signal_is_known check (signal in ('kept', 'broken', 'no data'))
) with (fillfactor = 50);
comment on table rollup_analytics.alert_states is
    'The state of each alert, a rule for one subject. Written by rollup_analytics.evaluate_alerts. Read '
    'rollup_analytics.alerts.';
comment on column rollup_analytics.alert_states.signal is
    'What the last evaluation found, since signal_since: the rule kept, broken, or no data.';
comment on column rollup_analytics.alert_states.transition is 'The last one, in rollup_analytics.alert_log.';
comment on column rollup_analytics.alert_states.told is
    'What receivers believe: firing or no data; NULL for normal. A silence keeps them from being told.';
