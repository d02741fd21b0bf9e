-- How far each spool has been loaded. The row is written in the transaction that stores the events, so that each
-- of them is stored exactly once, whenever the service or the database is killed.
create table if not exists rollup_serve.spools (
    spool      uuid        primary key,
    position   bigint      not null default 0,
    epoch      bigint      not null default 1,
    events     bigint      not null default 0,
    claimed_at timestamptz not null default now(),
    stored_at  timestamptz
);
comment on table rollup_serve.spools is 'Spools of rollupctl serve, and how far each has been loaded.';
comment on column rollup_serve.spools.epoch is 'Number of processes that have had the spool; only the last one may load it.';
