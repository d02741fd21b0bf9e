create or replace function rollup_internal.check_nodes(
    reports jsonb, out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    asked record;
begin
    for asked in select n.* from jsonb_to_recordset(reports) n (node_group int, node text, problem text) where n.node_group <> 0 loop
        check_name := format('Citus node %s', asked.node);
        status := case when asked.problem is null then 'ok' else 'fail' end;
        finding := coalesce('it did not answer: ' || asked.problem, 'it answers');
        todo := case when asked.problem is not null
                     then 'start it, or see its log; until then runs fail, and no watermark moves' end;
        return next;
    end loop;
end
$$;
comment on function rollup_internal.check_nodes(jsonb) is
    'Part of rollup.doctor: Citus nodes that do not answer.';
