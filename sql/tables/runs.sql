-- The run ledger. Runs over nothing new leave no row; finish_run prunes old rows.
create table if not exists rollup_internal.runs (
    id          bigint      primary key generated always as identity,
    rollup      text        not null,
    status      text        not null,
    started_at  timestamptz not null,
    finished_at timestamptz not null,
    events      bigint      not null default 0,
    rows        bigint      not null default 0,
    id_ranges   jsonb,
    message     text,
    constraint status_is_known check (status in ('done', 'deferred', 'failed')),
    constraint failure_says_why check (status = 'done' or message is not null)
);
create index if not exists runs_rollup_started_at_idx on rollup_internal.runs (rollup, started_at);
comment on table rollup_internal.runs is 'What the view rollup.runs shows.';
