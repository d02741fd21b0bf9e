-- What rollup.runs is for runs: a partition that is kept on each occasion must not go unnoticed.
create table if not exists rollup_internal.expiries (
    relation regclass    primary key,
    ended_at timestamptz not null,
    kept     text[]      not null
);
comment on table rollup_internal.expiries is
    'For each source and each rollup''s table, when something of it was last removed because of its age, and what was '
    'kept and why.';
