-- The tables of event keys. The keys themselves are beside the events, on Citus in the shards of their tenants.
create table if not exists rollup_internal.event_keys (
    source regclass primary key,
    keys   regclass not null,
    keep   interval
);
comment on table rollup_internal.event_keys is 'What the view rollup.event_keys shows.';
