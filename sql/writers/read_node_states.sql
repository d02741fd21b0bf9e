-- A table that Citus does not distribute is written to on this node only; other nodes do not know it.
create or replace function rollup_internal.read_node_states(source regclass, sequence regclass)
    returns jsonb
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not rollup_internal.is_distributed(source) then
        return jsonb_build_object(0, rollup_internal.node_state(source, sequence) || '{"node": "this server"}');
    end if;
    return (select jsonb_object_agg(n.node_group, n.result::jsonb || jsonb_build_object('node', n.node))
              from rollup_internal.on_each_node(format('select rollup_internal.node_state(%L, %L)', source, sequence)) n);
end
$$;
comment on function rollup_internal.read_node_states(regclass, regclass) is
    'rollup_internal.node_state of every node, by node group.';
