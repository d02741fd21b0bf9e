create table if not exists rollup_analytics.reports (
    report      text        primary key,
    owner       name        not null default current_user,
    description text        not null,
    query       text        not null,
    parameters  jsonb       not null default '{}',
    chart       jsonb,
    every       interval,
    run_with    jsonb       not null default '{}',
    created_at  timestamptz not null default now(),
    constraint parameters_are_an_object check (jsonb_typeof(parameters) = 'object' and jsonb_typeof(run_with) = 'object'),
    constraint every_is_positive check (every > interval '0')
);
comment on table rollup_analytics.reports is
    'Reports: queries with named, typed parameters. Written by rollup_analytics.create_report. A role sees those that it owns '
    'and those that it was granted.';
comment on column rollup_analytics.reports.query is 'A query in which :name is the value of a parameter.';
comment on column rollup_analytics.reports.parameters is
    'The parameters: {"tenant": {"type": "text", "default": "1", "description": "…"}}. Without a default one must be given.';
comment on column rollup_analytics.reports.chart is
    'How HTML draws it: {"kind": "line", "x": "day", "y": ["users"]}. kind is line or bar.';
comment on column rollup_analytics.reports.every is
    'How often run_due_reports runs it, as its owner and with the values in run_with; NULL for never.';
