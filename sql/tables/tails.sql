-- The ids that a rollup has not counted. Live views and checks read them in the same statement as the rollup's
-- rows. They are derived from watermarks and backlogs, and written in the transaction that moves those. On Citus
-- this is a reference table, available on every node.
create table if not exists rollup_internal.tails (
    rollup     text   not null,
    after_id   bigint not null,
    through_id bigint not null,
    primary key (rollup, after_id)
);
comment on table rollup_internal.tails is 'Ranges of event ids that a rollup has not counted; see rollup_internal.watermarks and rollup_internal.backlogs.';
comment on column rollup_internal.tails.after_id is 'Ids above this one, up to and including through_id.';
