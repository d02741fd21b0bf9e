create or replace function rollup_internal.check_prepared_transactions(
    reports jsonb, out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    node record;
begin
    for node in
        select n.node, n.report -> 'prepared' as left_behind
          from jsonb_to_recordset(reports) n (node text, problem text, report jsonb)
         where n.problem is null
    loop
        check_name := 'prepared transactions on ' || node.node;
        status := case when node.left_behind = '[]' then 'ok' else 'fail' end;
        finding := case when node.left_behind = '[]' then 'none left behind'
                        else node.left_behind::text || ' for more than a minute' end;
        todo := case
            when node.left_behind = '[]' then null
            when node.left_behind::text like '%"citus!_%' escape '!' then 'select recover_prepared_transactions() on that node'
            else 'commit prepared or rollback prepared, by name: rollups wait for them' end;
        return next;
    end loop;
end
$$;
comment on function rollup_internal.check_prepared_transactions(jsonb) is
    'Part of rollup.doctor: prepared transactions that were left behind.';
