-- What is known of each source's past, so that raw events which were dropped on purpose are never
-- taken for events that are missing.
create table if not exists rollup_internal.sources (
    source         regclass    primary key,
    covered_from   timestamptz,
    expired_before timestamptz,
    keep           interval,
    purged         tstzmultirange not null default '{}'
);
comment on table rollup_internal.sources is 'What the view rollup.sources shows.';
