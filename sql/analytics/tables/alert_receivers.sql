create table if not exists rollup_analytics.alert_receivers (
    receiver text    primary key,
    kind     text    not null,
    target   text    not null,
    rules    text[],
    states   text[]  not null default '{firing,no data,normal}',
    enabled  boolean not null default true,
    constraint kind_is_known check (kind in ('webhook', 'email')),
    constraint target_fits check (case kind when 'webhook' then target ~ '^https?://[^[:space:]]+$'
                                            else target ~ '^[^[:space:]@,;<>]+@[^[:space:]@,;<>]+$' end),
    constraint states_are_known check (states <@ '{normal,pending,firing,recovering,no data}'::text[])
);
comment on table rollup_analytics.alert_receivers is
    'Who is told of alerts: a webhook by its URL, or an address of e-mail. Not readable by all, since a URL may hold a token.';
comment on column rollup_analytics.alert_receivers.rules is 'Only alerts of these rules; NULL for all.';
comment on column rollup_analytics.alert_receivers.states is
    'Which states are told. normal is told only after firing or no data was, recovering only where it is listed.';
