-- The engine looks names up in pg_catalog only. There, citext = 'de' compares texts, because citext can be read as text.
-- A query of the user finds the operators of the type. An expression that would call something else if the schemas of
-- its types were visible is therefore refused.
create or replace function rollup_internal.validate_name_resolution(
    what text, source regclass, expressions text[], tree text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    calls constant text := ':(?:funcid|opfuncid|opno|aggfnoid|opnos) ([0-9]+|[(]o [^)]*[)])';
    schemas constant name[] := array(
        select distinct n.nspname
          from regexp_matches(tree, ':[a-z_]*type(?:id)? ([0-9]+)', 'g') x
          join pg_type t on t.oid = x[1]::oid
         cross join lateral (values (t.oid), (t.typelem)) e (type_id)
          join pg_type b on b.oid = rollup_internal.base_type(e.type_id)
          join pg_type i on i.oid in (b.oid, b.typelem)
          join pg_namespace n on n.oid = i.typnamespace
         where n.nspname not in ('pg_catalog', 'information_schema')
         order by 1);
    wide record;
begin
    if schemas = '{}' then
        return;
    end if;
    wide := rollup_internal.expression_tree(source, expressions, schemas);
    if array(select x[1] from regexp_matches(tree, calls, 'g') x)
       <> array(select x[1] from regexp_matches(wide.tree, calls, 'g') x) then
        raise exception using
            errcode = 'ambiguous_function',
            message = format('%s uses operators or functions of pg_catalog where its types have their own in schema %s',
                             what, array_to_string(schemas, ', ')),
            detail = format('The expression is %s.', array_to_string(expressions, ', ')),
            hint = concat('Name the schema, and leave out the table: ',
                          substring(wide.definition from '^ *SELECT ROW[(](.*)[)]::text AS "row"'),
                          case when wide.definition ~ 'DISTINCT FROM|NULLIF[(]|CASE ' then
                              '. IS DISTINCT FROM, NULLIF and CASE … WHEN cannot name it: write the comparison out.' end);
    end if;
end
$$;
comment on function rollup_internal.validate_name_resolution(text, regclass, text[], text) is
    'Refuses expressions, with their parse tree, that have another meaning where the schemas of its types are in the '
    'search_path.';
