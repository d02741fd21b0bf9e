-- How far each node's ids had come, and who was writing, when a run was deferred. Once
-- those writers are gone, everything up to those ids can be counted, no matter who has begun to write
-- since: without this, long transactions that overlap would hold a rollup back indefinitely.
create table if not exists rollup_internal.horizons (
    source   regclass    not null,
    taken_at timestamptz not null,
    last_ids jsonb       not null,
    writers  text[]      not null
);
-- `if not exists` would wait for a run that writes here, and later runs behind it.
do $$
begin
    if pg_catalog.to_regclass('rollup_internal.horizons_source_taken_at_idx') is null then
        create index horizons_source_taken_at_idx on rollup_internal.horizons (source, taken_at);
    end if;
end
$$;
comment on table rollup_internal.horizons is 'What deferred runs saw; kept for a day, 20 a source at most.';
comment on column rollup_internal.horizons.last_ids is 'Last id handed out, by node group: {"0": {"last_id": 17}, …}.';
comment on column rollup_internal.horizons.writers is 'Open writers as node group:virtual transaction.';
-- It has no key that could serve; asked for only once, as it takes a lock.
do $$
begin
    if (select relreplident from pg_catalog.pg_class where oid = 'rollup_internal.horizons'::regclass) <> 'f' then
        alter table rollup_internal.horizons replica identity full;
    end if;
end
$$;
