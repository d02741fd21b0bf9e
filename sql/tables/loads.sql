-- Files that were loaded. The row commits together with the file's events, so a file is loaded exactly when its
-- row exists, even if the client was killed. A table that is dropped and created again is a different table, into
-- which the same file may be loaded.
create table if not exists rollup_internal.loads (
    source_table regclass    not null,
    sha256       bytea       not null,
    file_name    text        not null,
    rows         bigint      not null,
    bytes        bigint      not null,
    loaded_at    timestamptz not null default now(),
    loaded_by    name        not null default current_user,
    after_id     bigint,
    through_id   bigint,
    primary key (source_table, sha256),
    constraint sha256_has_32_bytes check (length(sha256) = 32)
);
comment on table rollup_internal.loads is 'What the view rollup.loads shows.';
