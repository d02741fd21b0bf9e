create table if not exists rollup_analytics.alert_rules (
    rule         text     primary key,
    kind         text     not null default 'threshold',
    rollup       text,
    measure      text,
    dimensions   jsonb,
    scope        text     not null default 'each',
    tenant       text,
    within       interval,
    delay        interval not null default '0',
    comparison   text     not null default '>=',
    threshold    numeric,
    weeks        int,
    time_zone    text     not null default 'UTC',
    hold         interval not null default '0',
    keep_firing  interval not null default '0',
    on_no_data   text     not null default 'no data',
    severity     text     not null default 'warning',
    description  text,
    enabled      boolean  not null default true,
    constraint rule_is_short check (rule <> '' and length(rule) <= 200),
    constraint kind_is_known check (kind in ('threshold', 'change', 'zscore', 'absence', 'lag', 'velocity')),
    constraint scope_is_known check (scope in ('tenant', 'each', 'all')),
    constraint tenant_is_given_for_its_scope check ((scope = 'tenant') = (tenant is not null)),
    constraint comparison_is_known check (comparison in ('>', '>=', '<', '<=', 'outside')),
    constraint no_data_is_known check (on_no_data in ('no data', 'normal', 'firing', 'keep')),
    constraint lengths_are_not_negative check (
        delay >= interval '0' and hold >= interval '0' and keep_firing >= interval '0')
);
comment on table rollup_analytics.alert_rules is
    'Alert rules, evaluated by rollup_analytics.evaluate_alerts. Write to it; a rule that cannot be evaluated is rejected.';
comment on column rollup_analytics.alert_rules.kind is
    'What is compared with threshold: threshold (the measure itself), change (relative to the same time a week before: '
    '-0.5 is half of it), zscore (standard deviations from the median of the same time in the weeks before), velocity '
    '(keys that break the velocity rule named in rollup), lag (seconds that a rollup is behind). absence fires where '
    'there is nothing.';
comment on column rollup_analytics.alert_rules.rollup is
    'The rollup; of kind velocity the rule in rollup_analytics.velocity_rules; of kind lag NULL for all rollups.';
comment on column rollup_analytics.alert_rules.dimensions is
    'Only rows with these values of dimensions: {"country": "de"}.';
comment on column rollup_analytics.alert_rules.scope is
    'tenant: the one in the column tenant; each: an alert of its own for each tenant that has been seen; all: one alert '
    'for all tenants together.';
comment on column rollup_analytics.alert_rules.within is
    'How much time the number is about: the last whole buckets, one by default.';
comment on column rollup_analytics.alert_rules.delay is 'How long events may be late: the time ends so long ago.';
comment on column rollup_analytics.alert_rules.comparison is
    'How the number compares with threshold where the rule is broken; outside: above it or below its negative.';
comment on column rollup_analytics.alert_rules.weeks is
    'Of kind zscore, the number of weeks before that are compared with: 8 by default.';
comment on column rollup_analytics.alert_rules.time_zone is
    'Where the same time of the week before is calculated: nine o''clock stays nine o''clock when clocks change.';
comment on column rollup_analytics.alert_rules.hold is
    'How long the rule must be broken before the alert fires, and without data before it says so.';
comment on column rollup_analytics.alert_rules.keep_firing is
    'How long the rule must be kept again before the alert is over.';
comment on column rollup_analytics.alert_rules.on_no_data is
    'What missing data mean: no data (a state of its own), normal, firing, or keep, as before.';
comment on column rollup_analytics.alert_rules.enabled is
    'Whether evaluate_alerts evaluates the rule. One that is not can be tested and replayed.';
