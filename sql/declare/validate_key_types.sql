create or replace function rollup_internal.validate_key_types(columns jsonb)
    returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    key record;
begin
    for key in
        select c ->> 'name' as name, c ->> 'type' as type, rollup_internal.equality_operator(c ->> 'type') as equals
          from jsonb_array_elements(columns) c
         where c ->> 'role' <> 'measure'
    loop
        if key.equals is null then
            raise undefined_function;
        end if;
        -- The server also looks at the items of an array and the fields of a row.
        execute format('select from (select null::%s) x (k) order by k', key.type);
    end loop;
exception when undefined_function then
    raise exception using
        errcode = 'datatype_mismatch',
        message = format('%I cannot tell rows apart: type %s has no order and no =', key.name, key.type),
        hint = format('Take its text: "(…)::text as %I".', key.name);
end
$$;
comment on function rollup_internal.validate_key_types(jsonb) is
    'Refuses a tenant or a dimension whose values cannot be compared: columns as [{"name", "type", "role"}, …].';
