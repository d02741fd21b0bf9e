create or replace function rollup.read_nodes(source regclass, sequence regclass)
    returns jsonb
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
begin atomic
    select pg_catalog.jsonb_object_agg(n.node_group, n.result::jsonb || pg_catalog.jsonb_build_object('node', n.node))
      from rollup.on_each_node(pg_catalog.format('select rollup.node_state(%L, %L)', source, sequence)) n;
end;
comment on function rollup.read_nodes(regclass, regclass) is
    'Internal. rollup.node_state of every node, by node group.';
