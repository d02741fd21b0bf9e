-- Versions of the package's state in this database. Code (functions, views) is always replaced as a whole; only
-- tables need migrations.
create table if not exists rollup_internal.migrations (
    version    text        primary key,
    applied_at timestamptz not null default now()
);
comment on table rollup_internal.migrations is 'What the view rollup.migrations shows.';
