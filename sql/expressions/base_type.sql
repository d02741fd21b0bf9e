create or replace function rollup_internal.base_type(of_type regtype)
    returns regtype
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    while (select t.typtype from pg_type t where t.oid = of_type) = 'd' loop
        of_type := (select t.typbasetype from pg_type t where t.oid = of_type);
    end loop;
    return of_type;
end
$$;
comment on function rollup_internal.base_type(regtype) is
    'The type that a domain is based on, through nested domains; any other type itself.';
