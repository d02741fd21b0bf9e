-- History of each source. With it, raw events that were dropped on purpose are not mistaken for missing events.
create table if not exists rollup_internal.sources (
    source         regclass    primary key,
    covered_from   timestamptz,
    expired_before timestamptz,
    keep           interval,
    purged         tstzmultirange not null default '{}',
    never_covered  tstzmultirange not null default '{}',
    partition_interval interval
);
comment on table rollup_internal.sources is 'What the view rollup.sources shows.';
