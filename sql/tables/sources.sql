-- What is known of each source's past, so that raw events which were dropped on purpose are never
-- taken for events that are missing.
create table if not exists rollup.sources (
    source         regclass    primary key,
    covered_from   timestamptz,
    expired_before timestamptz,
    keep           interval
);
comment on table rollup.sources is 'Sources of rollups.';
comment on column rollup.sources.covered_from is 'Start of the earliest partition there has been; NULL without partitions. Where none is now, it was dropped.';
comment on column rollup.sources.expired_before is 'rollup.expire has removed events before this time.';
comment on column rollup.sources.keep is 'How long events are kept, see rollup.set_retention; NULL for ever.';
