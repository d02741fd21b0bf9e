-- One row for each rollup, so that each is corrected under its own run lock, and a broken one holds up only itself.
create table if not exists rollup_internal.changed_buckets (
    id         bigint      primary key generated always as identity,
    rollup     text        not null,
    tenant     text,
    range_from timestamptz,
    range_to   timestamptz,
    first_id   bigint,
    last_id    bigint,
    noted_at   timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
-- Without the tenant, which may be too long for an index. `if not exists` would wait for a job that writes here, and later jobs behind it.
do $$
begin
    if pg_catalog.to_regclass('rollup_internal.changed_buckets_rollup_range_from_idx') is null then
        create index changed_buckets_rollup_range_from_idx on rollup_internal.changed_buckets (rollup, range_from, range_to);
    end if;
end
$$;
comment on table rollup_internal.changed_buckets is
    'Whole buckets of rollups, from range_from up to but excluding range_to, that are to be counted again.';
