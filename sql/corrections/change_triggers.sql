-- Statement triggers of a partitioned table fire only for statements that name it, so each of its partitions has its own.
-- They fire in every session_replication_role.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.change_triggers(
    source regclass, out relation regclass, out trigger_name name, out definition text, out is_there boolean)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
#variable_conflict use_variable
declare
    arguments text[] := array(
        select x.name::text
          from (select distinct r.tenant, r.time_column, r.id_column from rollup_internal.rollups r where r.source = source) r
         cross join lateral unnest(array[coalesce(r.tenant, ''), r.time_column, r.id_column]) with ordinality x (name, position)
         order by r.tenant, r.time_column, r.id_column, x.position);
begin
    if arguments = '{}' then
        return;
    end if;
    arguments := array(select greatest(extract(epoch from least(min(r.bucket), interval '1 day'))::int, 1)::text
                         from rollup_internal.rollups r where r.source = source) || arguments;
    return query
        select t.relation, x.name::name,
               rollup_internal.fill_template(
                   'create or replace trigger {name} after {event} on {relation} {tables}for each statement '
                   'execute function rollup_internal.note_change({arguments})',
                   jsonb_build_object('name', x.name, 'event', x.event, 'relation', t.relation, 'tables', x.tables,
                                      'arguments', (select string_agg(quote_literal(a), ', ' order by n)
                                                      from unnest(arguments) with ordinality y (a, n)))),
               exists (select from pg_trigger g
                        where g.tgrelid = t.relation and g.tgname = x.name and g.tgenabled = 'A'
                          and g.tgfoid = 'rollup_internal.note_change()'::regprocedure
                          and g.tgargs = (select string_agg(convert_to(a, getdatabaseencoding()) || '\x00', '' order by n)
                                            from unnest(arguments) with ordinality y (a, n)))
          from (select source union select p.relid::regclass from pg_partition_tree(source) p) t (relation)
         cross join (values
               ('rollup_changes_update', 'update', 'referencing old table as old_rows new table as new_rows '),
               ('rollup_changes_delete', 'delete', 'referencing old table as old_rows '),
               ('rollup_changes_truncate', 'truncate', '')) x (name, event, tables);
end
$$;
comment on function rollup_internal.change_triggers(regclass) is
    'The triggers that note the changes of a source, on it and on each of its partitions, and whether they are there and '
    'enabled.';
reset citus.enable_ddl_propagation;
