-- Reads the state of one node that a run needs, in a significant order: first the last id, then the sessions that
-- hold a writer's lock. INSERT and COPY lock the table before they draw an id, so every transaction that drew an
-- id up to last_id has either ended, and is visible to the next snapshot, or is in this list. Writers to a single
-- partition, or to a table that inherits from the source, lock only that. If the source is a partition itself, writers
-- to the whole table draw ids before they lock the partition. Prepared transactions keep their locks without a
-- session. The state of a session of another role, and how long its transaction has been open, are visible to
-- members of pg_read_all_stats only.
create or replace function rollup_internal.node_state(source regclass, sequence regclass)
    returns jsonb
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- Read before the last id: a restart in between is then found by the next run.
    sequence_state constant jsonb := rollup_internal.sequence_state(sequence);
    last_id bigint := rollup_internal.last_issued_id(sequence);
    writers jsonb;
begin
    perform pg_stat_clear_snapshot();
    select coalesce(jsonb_object_agg(l.virtualtransaction, jsonb_build_object(
               'pid', l.pid,
               'gid', p.gid,
               'user', coalesce(a.usename, p.owner),
               'application', a.application_name,
               'state', a.state,
               'is_hidden', a.pid is not null and a.state is null,
               'since', coalesce(a.xact_start, p.prepared))), '{}')
      into writers
      from pg_locks l
      left join pg_stat_activity a on a.pid = l.pid
      left join pg_prepared_xacts p
             on l.pid is null
            and p.transaction in (select t.transactionid from pg_locks t
                                   where t.locktype = 'transactionid' and t.pid is null
                                     and t.virtualtransaction = l.virtualtransaction)
     where l.locktype = 'relation'
       and l.mode = 'RowExclusiveLock'
       and l.granted
       and l.database = (select oid from pg_database where datname = current_database())
       and l.relation in (
               with recursive tables as (
                   select source::oid as relid
                   union
                   select i.inhrelid from pg_inherits i join tables t on i.inhparent = t.relid
               )
               select t.relid from tables t union all select a.relid from pg_partition_ancestors(source) a)
       and l.pid is distinct from pg_backend_pid();

    return jsonb_build_object('last_id', last_id, 'sequence', sequence_state, 'writers', writers);
end
$$;
comment on function rollup_internal.node_state(regclass, regclass) is
    'The last id this node has handed out, the state of the sequence, and open writers by virtual transaction.';
