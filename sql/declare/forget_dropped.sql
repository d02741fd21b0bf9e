-- The package is not told when a table or a role is dropped. A dump writes those that are there as names, and those that are
-- gone as numbers, which may be those of other tables and roles where it is restored: a role would seem to have been given
-- a purpose, a file to have been loaded. So what is known of those that are gone is deleted.
--
-- Declarations stay, and say in which table they counted: their names are beside the numbers, and are compared. While another
-- table of that name is there, which rollup.accept_source may make their source, what is known of the former one stays too.
create or replace function rollup_internal.forget_dropped()
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    named record;
    deleted bigint;
    total bigint := 0;
begin
    for named in
        select format('rollup_internal.%I', d.table_name)::regclass as state, d.column_name,
               case d.column_name when 'role' then 'pg_roles' else 'pg_class' end as catalog
          from (values ('sources', 'source'),
                       ('expiries', 'relation'),
                       ('horizons', 'source'),
                       ('isolations', 'source'),
                       ('roles', 'role'),
                       ('load_parts', 'source_table'),
                       ('loads', 'source_table'),
                       ('event_keys', 'source'),
                       ('event_keys', 'keys'),
                       ('followed_sources', 'source'),
                       ('changes', 'source')) d (table_name, column_name)
    loop
        continue when not has_table_privilege(named.state, 'select') or not has_table_privilege(named.state, 'delete');
        execute rollup_internal.fill_template(
            'delete from {state} s where not exists (select from pg_catalog.{catalog} c where c.oid = s.{column})'
            ' and not exists (select from rollup_internal.rollups r, lateral (values (r.source, r.source_name), (r.target, r.target_name)) t (oid, name)'
            ' where t.oid = s.{column} and pg_catalog.to_regclass(t.name) is not null)',
            jsonb_build_object('state', named.state, 'catalog', named.catalog, 'column', quote_ident(named.column_name)));
        get diagnostics deleted = row_count;
        total := total + deleted;
    end loop;
    return total;
end
$$;
comment on function rollup_internal.forget_dropped() is
    'Deletes what is known of tables and roles that have been dropped, where the caller may, and returns how many rows that were.';
