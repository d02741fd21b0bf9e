-- A node that does not respond is an error, because assuming that it has no events would lose them.
create or replace function rollup_internal.on_each_node(
    query text, out node_group int, out node text, out result text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    problem text;
begin
    for node_group, node, result, problem in select * from rollup_internal.ask_each_node(query) loop
        if problem is not null then
            raise exception using
                errcode = 'connection_exception',
                message = format('Citus node %s did not answer', node),
                detail = problem,
                hint = 'Nothing was changed. Try again when the node is back.';
        end if;
        return next;
    end loop;
end
$$;
comment on function rollup_internal.on_each_node(text) is
    'Result of a query that returns one value, from every node that accepts writes. Raises connection_exception '
    'when a node does not answer.';
