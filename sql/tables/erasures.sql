-- The proof of an erasure says what, when and by whom, and how much. It must not say whom: neither tenant nor condition.
create table if not exists rollup_internal.erasures (
    id         bigint      primary key generated always as identity,
    source     text        not null,
    erased_at  timestamptz not null default clock_timestamp(),
    erased_by  name        not null default session_user,
    reference  text,
    events     bigint      not null,
    rollups    jsonb       not null
);
comment on table rollup_internal.erasures is 'What the view rollup.erasures shows.';
