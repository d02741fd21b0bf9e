-- What is collected is removed from its node by the next collection, when this one is known to be committed. A note that
-- is collected twice because a session was killed in between only costs a correction.
--
-- On Citus the function stays on the coordinator, where the notes are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.collect_changes(waits boolean default false)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    collected jsonb;
    node record;
begin
    if rollup_internal.extension_schema('citus') is null
       or not exists (select from rollup_internal.followed_sources f where rollup_internal.is_distributed(f.source))
    then
        return;
    end if;
    if waits then
        perform pg_advisory_xact_lock(hashtextextended('rollup.collect_changes', 0));
    elsif not pg_try_advisory_xact_lock(hashtextextended('rollup.collect_changes', 0)) then
        return;
    end if;
    with taken as (
        delete from rollup_internal.collected_changes returning *
    )
    select coalesce(jsonb_object_agg(t.node_group, t.ids), '{}') into collected
      from (select x.node_group, jsonb_agg(x.change_id) as ids from taken x group by 1) t;
    -- A node that does not answer keeps its notes, and what was collected from it.
    for node in
        select n.node_group, n.result::jsonb as changes, n.problem
          from rollup_internal.ask_each_node(format('select rollup_internal.local_changes(%L)::text', collected)) n
    loop
        if node.problem is not null then
            insert into rollup_internal.collected_changes (node_group, change_id)
            select node.node_group, x::bigint from jsonb_array_elements_text(collected -> node.node_group::text) x;
            continue;
        end if;
        insert into rollup_internal.collected_changes (node_group, change_id)
        select node.node_group, (c ->> 'id')::bigint from jsonb_array_elements(node.changes) c;
        execute $query$
            insert into rollup_internal.changes (source, tenant, range_from, range_to, first_id, last_id, emptied, noted_at)
            select coalesce(to_regclass(c."table"), s.logicalrelid), c.tenant, c.range_from, c.range_to, c.first_id, c.last_id,
                   case when c.emptied is not null then coalesce(to_regclass(c.emptied_table)::oid, c.emptied) end, c.noted_at
              from jsonb_to_recordset($1) c ("table" text, shard bigint, emptied_table text, emptied oid, tenant text, range_from timestamptz,
                                             range_to timestamptz, first_id bigint, last_id bigint, noted_at timestamptz)
              left join pg_dist_shard s on s.shardid = c.shard
             where coalesce(to_regclass(c."table"), s.logicalrelid) is not null
            $query$ using node.changes;
    end loop;
end
$$;
comment on function rollup_internal.collect_changes(boolean) is
    'Collects what Citus nodes have noted of their shards; does nothing, unless it waits, while another session does so.';
reset citus.enable_ddl_propagation;
