-- On Citus: what has been copied from the nodes to the coordinator, and is to be removed there.
create table if not exists rollup_internal.collected_changes (
    node_group int    not null,
    change_id  bigint not null,
    primary key (node_group, change_id)
);
comment on table rollup_internal.collected_changes is 'Notes of Citus nodes that are in rollup_internal.changes.';
