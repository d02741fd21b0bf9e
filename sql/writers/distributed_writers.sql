-- Used on Citus only. A distributed writer has an initiator, the session that its client is connected to, which
-- holds a lock on the table and draws the ids, and participants on the nodes that hold the shards. Citus
-- identifies a participant by the global pid of its initiator. A participant that is still waiting for its lock is
-- included, because its id has already been drawn.
create or replace function rollup_internal.distributed_writers(source regclass)
    returns jsonb
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    result jsonb;
begin
    perform pg_stat_clear_snapshot();
    execute $query$
        with tree as (
            select $1 as relation
            union all
            select relid from pg_partition_tree($1)
        ), writers as (
            select l.virtualtransaction, l.pid, l.relation in (select relation from tree) as is_initiator,
                   coalesce(substring(a.application_name from 'gpid=([0-9]+)')::bigint,
                            citus_calculate_gpid(citus_nodeid_for_gpid(citus_backend_gpid()), l.pid)) as initiator
              from pg_locks l
              left join pg_stat_activity a on a.pid = l.pid
             where l.locktype = 'relation'
               and l.mode = 'RowExclusiveLock'
               and l.database = (select oid from pg_database where datname = current_database())
               and l.pid is distinct from pg_backend_pid()
               and l.relation in (
                   select relation from tree
                   union all
                   select s from rollup_internal.local_shards($1) s)
        )
        select jsonb_build_object(
            'initiators', coalesce(jsonb_agg(distinct initiator) filter (where is_initiator and initiator is not null), '[]'),
            'participants', coalesce(jsonb_object_agg(virtualtransaction, initiator) filter (where not is_initiator), '{}'))
          from writers
    $query$ into result using source;
    return result;
end
$$;
comment on function rollup_internal.distributed_writers(regclass) is
    'Writers to a source on this Citus node: {"initiators": [global pid, …], '
    '"participants": {virtual transaction: global pid of its initiator, null when prepared, …}}.';
