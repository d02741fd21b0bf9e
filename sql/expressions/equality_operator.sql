-- The engine resolves names in pg_catalog only, where citext is compared as text and ltree has no = at all. The
-- type's default operator class defines equality, as it does for GROUP BY and unique keys.
create or replace function rollup_internal.equality_operator(type_name text)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    base_type constant regtype := rollup_internal.base_type(type_name::regtype);
    btree constant oid := (select oid from pg_am where amname = 'btree');
    input_type oid := base_type;
    equality record;
begin
    if not exists (select from pg_opclass c where c.opcintype = base_type and c.opcdefault and c.opcmethod = btree) then
        -- A type that is compared as another one.
        select c.opcintype into input_type
          from pg_opclass c
         where c.opcdefault and c.opcmethod = btree
           and (exists (select from pg_cast x where x.castsource = base_type and x.casttarget = c.opcintype
                           and x.castmethod = 'b' and x.castcontext = 'i')
                or c.opcintype = (select case when t.typcategory = 'A' then 'anyarray'::regtype when t.typtype = 'e' then 'anyenum'
                                              when t.typtype = 'r' then 'anyrange' when t.typtype = 'm' then 'anymultirange'
                                              when t.typtype = 'c' then 'record' end
                                    from pg_type t where t.oid = base_type))
         limit 1;
    end if;
    select o.oprname, n.nspname into equality
      from pg_opclass c
      join pg_amop p on p.amopfamily = c.opcfamily and p.amopstrategy = 3
                    and p.amoplefttype = c.opcintype and p.amoprighttype = c.opcintype
      join pg_operator o on o.oid = p.amopopr
      join pg_namespace n on n.oid = o.oprnamespace
     where c.opcdefault and c.opcmethod = btree and c.opcintype = input_type
     limit 1;
    return case when equality.nspname = 'pg_catalog' then equality.oprname
                when equality.nspname is not null then format('operator(%I.%s)', equality.nspname, equality.oprname) end;
end
$$;
comment on function rollup_internal.equality_operator(text) is
    'The operator by which two values of a type are equal, qualified if necessary; NULL for a type without a '
    'default ordering.';
