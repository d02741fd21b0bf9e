-- The run ledger. Runs without new events leave no row; finish_run prunes old rows.
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
    sqlstate    text,
    detail      text,
    attempts    int         not null default 1,
    duration    interval,
    constraint status_is_known check (status in ('done', 'deferred', 'failed')),
    constraint failure_says_why check (status = 'done' or message is not null)
);
-- `if not exists` would wait for a run that writes here, and later runs behind it.
do $$
begin
    if pg_catalog.to_regclass('rollup_internal.runs_rollup_started_at_idx') is null then
        create index runs_rollup_started_at_idx on rollup_internal.runs (rollup, started_at);
    end if;
end
$$;
comment on table rollup_internal.runs is 'What the view rollup.runs shows.';
