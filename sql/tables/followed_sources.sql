-- Sources whose updates and deletes reach their rollups.
create table if not exists rollup_internal.followed_sources (
    source         regclass    primary key,
    followed_since timestamptz not null default now()
);
comment on table rollup_internal.followed_sources is 'Sources whose changes are noted by triggers; see rollup.follow_changes.';
