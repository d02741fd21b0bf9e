-- Ids below a rollup's watermark that it has still to count: what there was before a rollup that
-- is filled newest first. Counted from the top down, so that the newest history is there first.
create table if not exists rollup_internal.backlogs (
    rollup     text   not null,
    node_group int    not null,
    after_id   bigint not null,
    through_id bigint not null,
    first_size bigint not null,
    primary key (rollup, node_group, through_id),
    constraint backlog_is_not_empty check (through_id > after_id)
);
comment on table rollup_internal.backlogs is 'What the view rollup.backlogs shows.';
