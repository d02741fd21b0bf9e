-- The outbox: written in the transaction of the evaluation, so that no transition is lost.
create table if not exists rollup_analytics.alert_deliveries (
    id              bigint      primary key generated always as identity,
    key             uuid        not null unique default gen_random_uuid(),
    receiver        text        not null references rollup_analytics.alert_receivers on update cascade on delete cascade,
    transition      bigint      not null references rollup_analytics.alert_log on delete cascade,
    created_at      timestamptz not null default clock_timestamp(),
    attempts        int         not null default 0,
    next_attempt_at timestamptz not null default clock_timestamp(),
    sent_at         timestamptz,
    given_up_at     timestamptz,
    last_error      text,
    unique (receiver, transition)
);
create index if not exists alert_deliveries_waiting on rollup_analytics.alert_deliveries (next_attempt_at)
    where sent_at is null and given_up_at is null;
comment on table rollup_analytics.alert_deliveries is
    'Messages about transitions, one for each receiver: sent, given up, or waiting for next_attempt_at. Sent by rollupctl '
    'alerts. The key stays the same over all attempts.';
