-- B-tree operator classes declare this themselves, for deduplication in an index: support function 4, which text answers
-- by its collation. Char ignores spaces at the end.
create or replace function rollup_internal.equality_is_identity(source regclass, expression text, type_name text)
    returns boolean
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    base_type constant regtype := rollup_internal.base_type(type_name::regtype);
begin
    return base_type <> 'bpchar'::regtype
       and not rollup_internal.has_own_equality(source, expression, type_name)
       and exists (
           select from pg_opclass c
             join pg_am a on a.oid = c.opcmethod and a.amname = 'btree'
             join pg_amproc p on p.amprocfamily = c.opcfamily and p.amprocnum = 4 and p.amproclefttype = c.opcintype
            where c.opcdefault
              and (c.opcintype = base_type
                   or c.opcintype = 'anyenum'::regtype and (select t.typtype = 'e' from pg_type t where t.oid = base_type)
                   or c.opcintype = 'text'::regtype and base_type = 'varchar'::regtype));
end
$$;
comment on function rollup_internal.equality_is_identity(regclass, text, text) is
    'Whether equal values of an expression of some type are identical, also as texts: not so for 1.0 and 1.00.';
