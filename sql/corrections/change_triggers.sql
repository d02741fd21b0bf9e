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
    set standard_conforming_strings = on
as $$
#variable_conflict use_variable
declare
    width constant interval := (select least(min(r.bucket), interval '1 day') from rollup_internal.rollups r where r.source = source);
    notes constant text := case when rollup_internal.is_distributed(source) then 'shard_changes' else 'changes' end;
begin
    return query
        with arguments as (
            select x.*, notes || array(
                       select y.argument
                         from (select distinct r.tenant, r.time_column, r.id_column
                                 from rollup_internal.rollups r where r.source = source) r
                        cross join lateral unnest(array[
                              coalesce(r.tenant, '')::text, r.time_column::text, r.id_column::text,
                              rollup_internal.note_text(notes, x.tables, r.tenant, r.time_column, r.id_column, width)])
                              with ordinality y (argument, position)
                        where x.tables <> '{}'
                        order by r.tenant, r.time_column, r.id_column, y.position) as arguments
              from (values
                   ('rollup_changes_update', 'update', 'referencing old table as old_rows new table as new_rows ',
                    '{old_rows,new_rows}'::text[]),
                   ('rollup_changes_delete', 'delete', 'referencing old table as old_rows ', '{old_rows}'),
                   ('rollup_changes_truncate', 'truncate', '', '{}')) x (name, event, referencing, tables)
             where width is not null
        ), triggers as materialized (  -- once for the source, not for each partition
            select x.*, (select string_agg(convert_to(a, getdatabaseencoding()) || '\x00', '' order by n)
                           from unnest(x.arguments) with ordinality y (a, n)) as stored
              from arguments x
        )
        select t.relation, x.name::name,
               case when not g.is_there then rollup_internal.fill_template(
                   'create trigger {name} after {event} on {relation} {referencing}for each statement '
                   'execute function rollup_internal.note_change({arguments})',
                   jsonb_build_object('name', x.name, 'event', x.event, 'relation', t.relation, 'referencing', x.referencing,
                                      'arguments', (select string_agg(quote_literal(a), ', ' order by n)
                                                      from unnest(x.arguments) with ordinality y (a, n)))) end,
               g.is_there
          from (select source union select p.relid::regclass from pg_partition_tree(source) p) t (relation)
         cross join triggers x
         cross join lateral (
               select exists (select from pg_trigger g
                               where g.tgrelid = t.relation and g.tgname = x.name and g.tgenabled = 'A'
                                 and g.tgfoid = 'rollup_internal.note_change()'::regprocedure
                                 and g.tgargs = x.stored) as is_there offset 0) g;
end
$$;
comment on function rollup_internal.change_triggers(regclass) is
    'The triggers that note the changes of a source, on it and on each of its partitions, whether they are there and '
    'enabled, and how to create those that are not.';
reset citus.enable_ddl_propagation;
