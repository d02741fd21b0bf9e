-- The server resolves the names in an expression when it parses a view. A view of the caller's session lasts only as
-- long as it is needed.
create or replace function rollup_internal.expression_tree(
    source regclass, expressions text[], schemas name[], out tree text, out definition text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set client_min_messages = warning
    set standard_conforming_strings = on
as $$
declare
    propagation constant text := current_setting('citus.enable_ddl_propagation', true);
    view_name constant text := format('pg_temp.%I', 'expression ' || gen_random_uuid());
begin
    if propagation is not null then
        perform set_config('citus.enable_ddl_propagation', 'off', true);
    end if;
    perform set_config('search_path', concat_ws(', ', 'pg_catalog', (select string_agg(quote_ident(s), ', ') from unnest(schemas) s),
                                                'pg_temp'), true);
    execute format('create temporary view %s as %s', view_name, (
        select string_agg(format('select row(%s)::text from %s', x.expression, source), ' union all ' order by x.position)
          from unnest(expressions) with ordinality x (expression, position)));
    perform set_config('search_path', 'pg_catalog, pg_temp', true);
    select w.ev_action into tree from pg_rewrite w where w.ev_class = view_name::regclass;
    definition := pg_get_viewdef(view_name::regclass, true);
    execute format('drop view %s', view_name);
    if propagation is not null then
        perform set_config('citus.enable_ddl_propagation', propagation, true);
    end if;
end
$$;
comment on function rollup_internal.expression_tree(regclass, text[], name[]) is
    'How the server understands expressions over a table with names looked up in pg_catalog and further schemas: '
    'their parse tree, and a view that consists of them with all names qualified. Each item of the array is a list of '
    'expressions, all of them aggregates or none.';
