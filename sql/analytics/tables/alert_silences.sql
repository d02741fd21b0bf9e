create table if not exists rollup_analytics.alert_silences (
    id          bigint      primary key generated always as identity,
    rule        text,
    subject     text,
    silent_from timestamptz not null default now(),
    silent_to   timestamptz not null,
    reason      text,
    created_by  text        not null default session_user,
    constraint silence_has_a_length check (silent_to >= silent_from)
);
comment on table rollup_analytics.alert_silences is
    'When receivers are not told of alerts: of one rule or, with NULL, of all; for one subject or all. States and log go on. '
    'An alert that still fires at the end of its silence is announced then.';
