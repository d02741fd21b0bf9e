-- After an EXPLAIN, Citus disables local execution for the rest of the transaction, and rejects what has begun
-- with it. The setting is restored here.
create or replace function rollup_internal.pushdown_problem(rollup_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
    statement constant text := rollup_internal.insert_select_text(r, array['(' || r.filter || ')']);
    line text;
    plan text;
begin
    -- Also for tables that are not distributed: a statement that cannot be planned fails here.
    for line in execute format('explain (costs off) %s', statement) loop
        plan := concat_ws(E'\n', plan, line);
    end loop;
    if rollup_internal.is_distributed(r.source)
       and (plan not like 'Custom Scan (Citus Adaptive)%' or plan like '%Distributed Subplan%') then
        return plan;
    end if;
    return null;
end
$$;
comment on function rollup_internal.pushdown_problem(text) is
    'NULL if the events of a rollup are counted on the shards; otherwise the plan by which Citus would count '
    'them on the coordinator. Raises an error if the server cannot plan the statement.';
