create or replace function rollup_internal.is_number(type_name text)
    returns boolean
    language plpgsql
    stable
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
begin
    return rollup_internal.base_type(type_name::regtype)::text = any ('{smallint,integer,bigint,numeric,real,double precision}');
end
$$;
comment on function rollup_internal.is_number(text) is 'Whether a type, by its name from format_type, or the base type of a domain is numeric.';
