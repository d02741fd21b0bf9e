-- Which versions of the engine's state this database has been through. Code (functions, views)
-- is always replaced whole; only tables need migrations.
create table if not exists rollup_internal.migrations (
    version    text        primary key,
    applied_at timestamptz not null default now()
);
comment on table rollup_internal.migrations is 'What the view rollup.migrations shows.';
