-- What is kept under the number of a table is that of its successor from now on, except where the successor has some of its
-- own: what was loaded into it, for example.
create or replace function rollup_internal.replace_relation(gone oid, successor regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    named record;
begin
    for named in
        select format('rollup_internal.%I', d.table_name)::regclass as state, d.column_name, d.same
          from (values ('sources', 'source', 'true'),
                       ('expiries', 'relation', 'true'),
                       ('horizons', 'source', 'false'),
                       ('isolations', 'source', 'true'),
                       ('isolations', 'members', 'false'),
                       ('loads', 'source_table', 'x.sha256 = s.sha256 or x.channel = s.channel'),
                       ('load_parts', 'source_table', 'x.sha256 = s.sha256'),
                       ('event_keys', 'source', 'true'),
                       ('event_keys', 'keys', 'false'),
                       ('followed_sources', 'source', 'true'),
                       ('changes', 'source', 'false')) d (table_name, column_name, same)
    loop
        execute rollup_internal.fill_template(
            'update {state} s set {column} = $2 where s.{column} = $1'
            ' and not exists (select from {state} x where x.{column} = $2 and ({same}))',
            jsonb_build_object('state', named.state, 'column', quote_ident(named.column_name), 'same', named.same))
            using gone, successor;
    end loop;
end
$$;
comment on function rollup_internal.replace_relation(oid, regclass) is
    'Hands what is known of a table that no longer exists to the table that has taken its place.';
