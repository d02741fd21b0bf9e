create table if not exists rollup_analytics.velocity_rules (
    rule      text     primary key,
    source    text     not null default 'events',
    condition text     not null default 'true',
    key       text     not null,
    within    interval not null,
    events    bigint,
    value     text,
    total     numeric,
    constraint within_is_positive check (within > interval '0'),
    constraint a_limit_is_given check (events is not null or value is not null and total is not null)
);
comment on table rollup_analytics.velocity_rules is
    'Rules for rollup_analytics.velocity: at least so many events that meet a condition, or at least a total of a '
    'value, for one key within an interval.';
