-- Accepts an aggregate over the columns too. The default collation of the database needs no COLLATE clause.
create or replace function rollup_internal.expression_collation(source regclass, expression text, type_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    collation_name text;
begin
    if exists (select from pg_type t where t.oid = rollup_internal.base_type(type_name::regtype) and t.typcollation <> 0) then
        execute format('select pg_collation_for(%s) from (select (null::%s).*) %I', expression, source,
                       'row ' || gen_random_uuid())
           into collation_name;
    end if;
    return nullif(collation_name, '"default"');
end
$$;
comment on function rollup_internal.expression_collation(regclass, text, text) is
    'Name of the collation of an expression of some type over a table''s columns; NULL for the default collation '
    'and for types without collations.';
