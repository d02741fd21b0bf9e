-- Every role may put the parameters of a library that is loaded into a SET clause, and nobody but a superuser those of
-- one that is not. There the clause would have no effect either. The topn library is loaded when it is first used.
create or replace function rollup_internal.may_set(setting_name text)
    returns boolean
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    topn_schema constant name := rollup_internal.extension_schema('topn');
begin
    if topn_schema is not null and setting_name like 'topn.%' then
        execute format('select %I.topn_union(%2$L, %2$L)', topn_schema, '{}');
    end if;
    return exists (select from pg_settings s where s.name = setting_name)
        or has_parameter_privilege(setting_name, 'set');
end
$$;
comment on function rollup_internal.may_set(text) is
    'Whether the current role may put a parameter into the SET clauses of a function.';
