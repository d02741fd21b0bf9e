-- Every role may use the parameters of a loaded library in a SET clause. Those of a library that is not loaded are
-- reserved for superusers, and would have no effect. The topn library is loaded on first use. Names of parameters have no
-- case: pg_settings has "TimeZone". Without a collation, the small letter of I would be a dotless one in Turkish.
-- Reading pg_settings takes a millisecond, and superusers need not.
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
    return has_parameter_privilege(setting_name, 'set')
        or exists (select from pg_settings s where lower(s.name collate "C") = lower(setting_name collate "C"));
end
$$;
comment on function rollup_internal.may_set(text) is
    'Whether the current role may use a parameter in the SET clause of a function.';
