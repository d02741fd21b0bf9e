create or replace function rollup_internal.validate_key_types(columns jsonb)
    returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    unfit record;
begin
    select c ->> 'name' as name, c ->> 'type' as type into unfit
      from jsonb_array_elements(columns) c
     where c ->> 'role' <> 'measure' and rollup_internal.equality_operator(c ->> 'type') is null
     limit 1;
    if found then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('%I cannot tell rows apart: type %s has no order and no =', unfit.name, unfit.type),
            hint = format('Take its text: "(…)::text as %I".', unfit.name);
    end if;
end
$$;
comment on function rollup_internal.validate_key_types(jsonb) is
    'Refuses a tenant or a dimension whose values cannot be compared: columns as [{"name", "type", "role"}, …].';
