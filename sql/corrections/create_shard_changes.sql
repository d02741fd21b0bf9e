-- Before the first change: the connections of one distributed transaction to a node would wait for each other.
create or replace function rollup_internal.create_shard_changes()
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    if to_regclass('rollup_internal.shard_changes') is null and has_schema_privilege('rollup_internal', 'create') then
        create table if not exists rollup_internal.shard_changes (
            id         bigint      primary key generated always as identity,
            source     regclass    not null,
            tenant     text,
            range_from timestamptz,
            range_to   timestamptz,
            first_id   bigint,
            last_id    bigint,
            emptied    oid,
            noted_at   timestamptz not null default clock_timestamp());
        comment on table rollup_internal.shard_changes is 'What this Citus node has noted of its shards: see rollup_internal.changes.';
    end if;
end
$$;
comment on function rollup_internal.create_shard_changes() is
    'Creates, on a Citus node, the table in which it notes the changes of its shards.';
