-- How far a rollup has counted, for each node that hands out ids. On Citus every node draws ids from its own range
-- (node group << 48), so a single number is not enough. Without Citus there is one node group, 0.
create table if not exists rollup_internal.watermarks (
    rollup     text        not null,
    node_group int         not null,
    last_id    bigint      not null,
    as_of      timestamptz not null default now(),
    sequence   jsonb,
    primary key (rollup, node_group)
);
comment on table rollup_internal.watermarks is 'What the view rollup.watermarks shows.';
