-- Citus does without local execution for the rest of a transaction that has explained anything, and
-- refuses what has begun with it. The setting is given back here.
create or replace function rollup_internal.pushdown_problem(rollup_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set citus.enable_local_execution = on
as $$
declare
    line text;
    plan text := '';
begin
    for line in execute format('explain (costs off) %s', rollup_internal.insert_select_text(rollup_name)) loop
        plan := concat(plan, line, E'\n');
    end loop;
    return plan;
end
$$;
comment on function rollup_internal.pushdown_problem(text) is
    'How the server would execute the INSERT … SELECT of a rollup''s function.';
