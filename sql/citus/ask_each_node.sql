-- The local node is queried in this session, so that a run does not take its own transaction for another one.
create or replace function rollup_internal.ask_each_node(
    query text, out node_group int, out node text, out result text, out problem text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    is_local boolean;
begin
    for node_group, node, is_local in select * from rollup_internal.nodes() loop
        if is_local then
            execute query into result;
            return next;
        end if;
    end loop;
    if rollup_internal.extension_schema('citus') is null then
        return;
    end if;
    for node_group, node, result, problem in execute
        'select n.groupid, n.nodename || '':'' || n.nodeport,
                case when w.success then w.result end, case when not w.success then w.result end
           from run_command_on_workers($1) w
           join pg_dist_node n using (nodename, nodeport)'
        using query
    loop
        return next;
    end loop;
end
$$;
comment on function rollup_internal.ask_each_node(text) is
    'Result of a query that returns one value, from every node that accepts writes; problem says why a Citus node '
    'did not answer.';
