create table if not exists rollup_analytics.report_runs (
    id          bigint      primary key generated always as identity,
    report      text        not null,
    run_by      name        not null default current_user,
    login       name        not null default session_user,
    parameters  jsonb       not null,
    started_at  timestamptz not null,
    finished_at timestamptz not null default clock_timestamp(),
    rows        bigint,
    error       text,
    scheduled   boolean     not null default false,
    result      json
);
create index if not exists report_runs_report on rollup_analytics.report_runs (report, id);
comment on table rollup_analytics.report_runs is
    'Who ran which report when, with which values. A role sees its own runs and those of reports that it owns.';
comment on column rollup_analytics.report_runs.result is 'The rows of a scheduled run, as objects.';
