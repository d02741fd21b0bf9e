-- Events that were accepted, but that the table of events rejects: they are stored here in the transaction that
-- passes their position, so that the others go on.
create table if not exists rollup_serve.set_aside (
    spool        uuid        not null,
    position     bigint      not null,
    event        jsonb       not null,
    sqlstate     text        not null,
    reason       text        not null,
    set_aside_at timestamptz not null default now(),
    primary key (spool, position)
);
comment on table rollup_serve.set_aside is 'Events that rollupctl serve accepted and the table of events rejected, with the reason.';
