create table if not exists rollup_analytics.report_grants (
    report     text        not null references rollup_analytics.reports on update cascade on delete cascade,
    role       name        not null,
    granted_by name        not null default current_user,
    granted_at timestamptz not null default now(),
    primary key (report, role)
);
comment on table rollup_analytics.report_grants is
    'Which roles of the database may run which reports, apart from the owners; public is every role. Members of a role may '
    'what it may.';
