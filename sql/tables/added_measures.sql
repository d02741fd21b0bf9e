-- Measures added to rollups that had already counted events. In older buckets they are NULL, or hold only what
-- late events have added since, until a backfill or a rebuild has processed those buckets.
create table if not exists rollup_internal.added_measures (
    rollup       text        not null,
    measure      text        not null,
    tenant       text,
    valid_since  timestamptz not null,
    first_bucket timestamptz,
    added_at     timestamptz not null default now(),
    unique nulls not distinct (rollup, measure, tenant)
);
comment on table rollup_internal.added_measures is 'Measures that rollup.alter_rollup has added; see the view rollup.measures.';
comment on column rollup_internal.added_measures.tenant is
    'NULL for all tenants; otherwise a tenant for which more has been filled in.';
comment on column rollup_internal.added_measures.valid_since is 'The measure is complete from the bucket that starts here on; -infinity for all buckets.';
comment on column rollup_internal.added_measures.first_bucket is
    'The rollup''s first bucket when the measure was added. The buckets between it and valid_since are still to '
    'be filled in.';
-- No key qualifies as replica identity. Set only once, because it takes a lock.
do $$
begin
    if (select relreplident from pg_catalog.pg_class where oid = 'rollup_internal.added_measures'::regclass) <> 'f' then
        alter table rollup_internal.added_measures replica identity full;
    end if;
end
$$;
