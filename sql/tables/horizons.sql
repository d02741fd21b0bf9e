-- The last id of each node and the open writers at the time a run was deferred. Once those writers have ended, all
-- events up to these ids can be counted, even if other writers have begun since. Without this, overlapping long
-- transactions would hold a rollup back indefinitely.
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
comment on table rollup_internal.horizons is
    'Horizons recorded by deferred runs; kept for a day, at most 20 for each source.';
comment on column rollup_internal.horizons.last_ids is
    'Last id handed out, by node group: {"0": {"last_id": 17}, …}.';
comment on column rollup_internal.horizons.writers is 'Open writers as node group:virtual transaction.';
-- No key qualifies as replica identity. Set only once, because it takes a lock.
do $$
begin
    if (select relreplident from pg_catalog.pg_class where oid = 'rollup_internal.horizons'::regclass) <> 'f' then
        alter table rollup_internal.horizons replica identity full;
    end if;
end
$$;
