-- Keys are random, so a plain digest does not help to guess them. A key that was revoked stays on the list.
create table if not exists rollup_serve.keys (
    key_id     text        primary key,
    sha256     bytea       not null unique,
    label      text        not null,
    scopes     text[]      not null,
    tenant     bigint,
    site       text,
    created_at timestamptz not null default now(),
    created_by name        not null default current_user,
    revoked_at timestamptz,
    constraint sha256_has_32_bytes check (length(sha256) = 32)
);
comment on table rollup_serve.keys is 'Keys of rollupctl serve: their digests, never the keys themselves.';
comment on column rollup_serve.keys.tenant is 'The site that the key is for; NULL for all sites.';
