-- Which versions of the engine's state this database has been through. Code (functions, views)
-- is always replaced whole; only tables need migrations.
create table if not exists rollup.migrations (
    version    text        primary key,
    applied_at timestamptz not null default now()
);
comment on table rollup.migrations is 'Versions of the rollup package this database has had installed.';
