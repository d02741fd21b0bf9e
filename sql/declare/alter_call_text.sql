-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.alter_call_text(existing rollup_internal.rollups, declared rollup_internal.rollups)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
declare
    added json;
    dropped text[];
begin
    select json_object_agg(d.key, d.value order by d.position) into added
      from json_each(declared.measures) with ordinality d (key, value, position)
     where d.value::jsonb is distinct from existing.measures::jsonb -> d.key;
    dropped := array(select e.key from json_each(existing.measures) e
                      where e.value::jsonb is distinct from declared.measures::jsonb -> e.key);
    return format('Measures change without losing what is counted: select rollup.alter_rollup(%s)',
                  concat_ws(', ', quote_literal(existing.name),
                            'add_measures => ' || quote_literal(added::text),
                            'drop_measures => ' || quote_literal(nullif(dropped, '{}')::text)));
end
$$;
comment on function rollup_internal.alter_call_text(rollup_internal.rollups, rollup_internal.rollups) is
    'The call that changes a rollup''s measures to those of another declaration.';
reset citus.enable_ddl_propagation;
