create table if not exists rollup_analytics.models (
    kind       text        not null,
    tenant     text        not null,
    subject    text        not null,
    parameters jsonb       not null,
    quality    jsonb       not null,
    range_from timestamptz not null,
    range_to   timestamptz not null,
    fitted_at  timestamptz not null default now(),
    primary key (kind, tenant, subject, fitted_at)
);
comment on table rollup_analytics.models is
    'Fitted parameters: kind clv (subject: the currency) or forecast (subject: rollup and measure), with the range '
    'they were fitted on and the quality of the fit. The latest is used.';
