-- What rollup_internal.runs has contained since the rollup was declared. Rows of the ledger are deleted after
-- rollup.keep_runs, but a counter of a monitoring system must never fall.
create table if not exists rollup_internal.run_totals (
    rollup    text             not null,
    status    text             not null,
    runs      bigint           not null,
    events    numeric          not null,
    rows      numeric          not null,
    seconds   double precision not null,
    durations bigint[]         not null,
    last_at   timestamptz      not null,
    primary key (rollup, status)
);
comment on table rollup_internal.run_totals is 'Runs of each rollup by status; see rollup.metrics.';
comment on column rollup_internal.run_totals.durations is
    'Number of runs that took up to as many seconds as rollup_internal.duration_limits() lists.';
