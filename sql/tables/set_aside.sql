-- Events that a rollup could not count because counting them alone raised an error; the other events of the run
-- were counted. They are the ids below the watermark, outside any backlog, that have not been counted.
create table if not exists rollup_internal.set_aside (
    rollup        text        not null,
    event_id      bigint      not null,
    tenant        text,
    sqlstate      text        not null,
    reason        text        not null,
    set_aside_at  timestamptz not null default clock_timestamp(),
    last_tried_at timestamptz not null default clock_timestamp(),
    primary key (rollup, event_id)
);
comment on table rollup_internal.set_aside is 'What the view rollup.set_aside shows.';
