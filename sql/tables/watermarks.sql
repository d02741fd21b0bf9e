-- How far a rollup has counted, for each node that hands out ids. On Citus every node draws ids
-- from a range of its own (node group << 48), so that one number would not do. Elsewhere there
-- is one node group, 0.
create table if not exists rollup.watermarks (
    rollup     text        not null,
    node_group int         not null,
    last_id    bigint      not null,
    as_of      timestamptz not null default now(),
    primary key (rollup, node_group)
);
comment on table rollup.watermarks is 'The last event id each rollup has counted, per node group. Moves in the transaction that counts.';
comment on column rollup.watermarks.as_of is 'Every event committed before this time, on this node, is counted.';
