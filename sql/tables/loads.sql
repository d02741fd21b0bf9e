-- What was loaded. A load is a content (a file, a pipe), finished when all of it is in, or a channel: an unbounded
-- stream with a position. The row commits together with the events, so a content is loaded exactly when its row says
-- so, even if the client was killed. A table that is dropped and created again is a different table, into which the
-- same content may be loaded.
create table if not exists rollup_internal.loads (
    source_table regclass    not null,
    sha256       bytea,
    file_name    text        not null,
    rows         bigint      not null default 0,
    bytes        bigint      not null default 0,
    loaded_at    timestamptz not null default now(),
    loaded_by    name        not null default current_user,
    after_id     bigint,
    through_id   bigint,
    load_id      bigint      not null generated always as identity,
    channel      text,
    position     text,
    rejected     bigint      not null default 0,
    duplicates   bigint      not null default 0,
    seconds      double precision,
    begun_at     timestamptz not null default now(),
    unloaded_rows bigint     not null default 0,
    unloaded_at  timestamptz,
    constraint loads_pkey primary key (load_id),
    constraint loads_source_table_sha256_key unique (source_table, sha256),
    constraint loads_source_table_channel_key unique (source_table, channel),
    constraint sha256_has_32_bytes check (length(sha256) = 32),
    constraint channels_never_finish check (channel is null or sha256 is null),
    constraint unloaded_content_is_free check (unloaded_at is null or sha256 is null)
);
comment on table rollup_internal.loads is 'What the view rollup.loads shows.';
