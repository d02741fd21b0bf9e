create table if not exists rollup_analytics.alert_log (
    id           bigint      primary key generated always as identity,
    rule         text        not null,
    subject      text,
    state_before text        not null,
    state        text        not null,
    at           timestamptz not null,
    value        numeric,
    note         text,
    severity     text,
    description  text,
    silenced     boolean     not null,
    recorded_at  timestamptz not null default clock_timestamp()
);
comment on table rollup_analytics.alert_log is
    'Transitions of alerts, one row each, as of the evaluation at the time at. A notification on channel rollup_alerts '
    'has the same id.';
