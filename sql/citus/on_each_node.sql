-- The local node is queried in this session, so that a run does not take its own transaction for another one. A
-- node that does not respond is an error, because assuming that it has no events would lose them.
create or replace function rollup_internal.on_each_node(
    query text, out node_group int, out node text, out result text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    is_local boolean;
    there record;
begin
    for node_group, node, is_local in select * from rollup.nodes() loop
        if is_local then
            execute query into result;
            return next;
        end if;
    end loop;
    if rollup_internal.extension_schema('citus') is null then
        return;
    end if;
    for there in execute
        'select n.groupid, n.nodename || '':'' || n.nodeport as node, w.success, w.result
           from run_command_on_workers($1) w
           join pg_dist_node n using (nodename, nodeport)'
        using query
    loop
        if not there.success then
            raise exception using
                errcode = 'connection_exception',
                message = format('Citus node %s did not answer', there.node),
                detail = there.result,
                hint = 'Nothing was changed. Try again when the node is back.';
        end if;
        node_group := there.groupid;
        node := there.node;
        result := there.result;
        return next;
    end loop;
end
$$;
comment on function rollup_internal.on_each_node(text) is
    'Result of a query that returns one value, from every node that accepts writes.';
