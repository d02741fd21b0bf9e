-- True of citext, and of nondeterministic collations.
create or replace function rollup_internal.has_own_equality(source regclass, expression text, type_name text)
    returns boolean
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from pg_type t where t.oid = rollup_internal.base_type(type_name::regtype) and t.typcategory = 'S') then
        return false;
    end if;
    return coalesce(rollup_internal.equality_operator(type_name) <> '=', false)
        or exists (select from pg_collation c
                    where c.oid = to_regcollation(rollup_internal.expression_collation(source, expression, type_name))
                      and not c.collisdeterministic);
end
$$;
comment on function rollup_internal.has_own_equality(regclass, text, text) is
    'Whether values of an expression of some type are strings that can be equal without being identical.';
