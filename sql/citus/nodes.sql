create or replace function rollup_internal.nodes(out node_group int, out node text, out is_local boolean)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    is_coordinator boolean;
begin
    node_group := 0;
    node := 'this server';
    is_local := true;
    if rollup_internal.extension_schema('citus') is null then
        return next;
        return;
    end if;
    execute 'select citus_is_coordinator()' into is_coordinator;
    if not is_coordinator then
        raise exception using
            errcode = 'feature_not_supported',
            message = 'rollups run on the Citus coordinator, not on a worker',
            hint = 'Connect to the coordinator. Events may be written on any node.';
    end if;
    node := 'the coordinator';
    return next;
    return query execute
        'select groupid, nodename || '':'' || nodeport, false
           from pg_dist_node
          where isactive and noderole = ''primary'' and groupid <> 0
          order by groupid';
end
$$;
comment on function rollup_internal.nodes() is
    'The nodes that accept writes: Citus node group, name and port, and whether it is this node. Without Citus, '
    'group 0 only. Raises feature_not_supported on a Citus worker.';
