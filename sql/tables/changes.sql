-- What updates and deletes have noted. Rows are only added here, so that no writer waits for another one. They are committed
-- with the change itself: a snapshot that sees the note sees the change. Relations are of type regclass, which a dump writes as
-- names: an oid would be that of another relation where the dump is restored.
create table if not exists rollup_internal.changes (
    id         bigint      primary key generated always as identity,
    source     regclass    not null,
    tenant     text,
    range_from timestamptz,
    range_to   timestamptz,
    first_id   bigint,
    last_id    bigint,
    emptied    regclass,
    noted_at   timestamptz not null default clock_timestamp()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
comment on table rollup_internal.changes is
    'Events of a source that have changed, in groups by tenant and time. A job hands them out to the rollups: '
    'rollup_internal.changed_buckets.';
comment on column rollup_internal.changes.tenant is 'NULL for all tenants, or for those that are NULL.';
comment on column rollup_internal.changes.range_to is 'The latest time that has changed; with range_from, NULL for no limit.';
comment on column rollup_internal.changes.last_id is 'The largest id that has changed; with first_id, NULL if not known.';
comment on column rollup_internal.changes.emptied is 'The table that was truncated.';
