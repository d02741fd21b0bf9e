-- The only way from a request to a condition: names are looked up and values are literals, so no SQL comes from outside.
--
-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.step_condition(source regclass, step text)
    returns text
    language plpgsql
    stable
    strict
    set search_path = pg_catalog, pg_temp
as $$
declare
    is_named constant boolean := position(':' in step) > 0;
    name constant text := case when is_named then split_part(step, ':', 1) else 'event_type' end;
    wanted constant text := case when is_named then substr(step, position(':' in step) + 1) else step end;
begin
    if not exists (select from pg_attribute a
                    where a.attrelid = source and a.attname = name and a.attnum > 0 and not a.attisdropped) then
        raise exception using
            errcode = 'undefined_column',
            message = format('step %s: events have no column %s', step, name),
            hint = 'Write a type of events, or COLUMN:VALUE, such as path:/pricing or path:/docs/* for what begins so.';
    end if;
    return case when wanted like '%*' then format('starts_with(%I::text, %L)', name, left(wanted, -1))
                else format('%I::text = %L', name, wanted) end;
end
$$;
comment on function rollup_serve.step_condition(regclass, text) is
    'A step as a condition over one event: pageview (a type of events), path:/pricing, or path:/docs/* for a beginning.';
reset citus.enable_ddl_propagation;
