-- The run ledger. Runs over nothing new leave no row; finish_run prunes old rows.
create table if not exists rollup.runs (
    id          bigint      primary key generated always as identity,
    rollup      text        not null,
    status      text        not null,
    started_at  timestamptz not null,
    finished_at timestamptz not null,
    events      bigint      not null default 0,
    rows        bigint      not null default 0,
    spans       jsonb,
    message     text,
    constraint status_is_known check (status in ('done', 'put off', 'failed')),
    constraint failure_says_why check (status = 'done' or message is not null)
);
create index if not exists runs_rollup_started_at_idx on rollup.runs (rollup, started_at);
comment on table rollup.runs is 'Runs that counted events, were put off or failed; kept for rollup.keep_runs (7 days).';
comment on column rollup.runs.events is 'Events counted.';
comment on column rollup.runs.rows is 'Rows of the target inserted or updated.';
comment on column rollup.runs.spans is 'Ranges of ids counted: [{"node_group", "after_id", "through_id"}, …].';
comment on column rollup.runs.finished_at is 'For a run put off again and again for one reason: the last time.';
