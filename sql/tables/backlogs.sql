-- Ids below a rollup's watermark that it has not counted yet: the events that existed before a rollup that is
-- filled newest first was declared. Counted from the top down, so that recent history is available first.
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
