-- Accepts what has changed, and no more: a restarted sequence is accepted by a call of its own, when its error is the one
-- that a run reports.
--
-- Where another table has taken the place of the source, as Citus puts one when it distributes a table otherwise, all
-- rollups of the source continue together: those of a family are counted by one function.
create or replace function rollup.accept_source(rollup_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on
    set quote_all_identifiers = off
as $$
declare
    r rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
    now_called rollup_internal.rollups;
    names constant text[] := array(
        select x.name from rollup_internal.rollups x
         where x.name = rollup_name
            or x.source = r.source and not exists (select from pg_class c where c.oid = r.source)
         order by x.id);
    columns jsonb;
    states jsonb;
begin
    perform rollup_internal.wait_for_run_lock(n) from unnest(names) n;
    for r in select * from rollup_internal.rollups x where x.name = any (names) order by x.id loop
        now_called := r;
        if not exists (select from pg_class where oid = r.source) then
            now_called.source := to_regclass(r.source_name);
        end if;
        if not exists (select from pg_class where oid = r.target) then
            now_called.target := to_regclass(r.target_name);
        end if;
        if now_called.source is null then
            perform rollup_internal.require_same_tables(r);
        elsif now_called.target is null then
            perform rollup_internal.require_same_target(r);
        end if;
        now_called.source_name := now_called.source::text;
        now_called.target_name := now_called.target::text;
        now_called.id_sequence := rollup.id_sequence(now_called.source, r.id_column);
        now_called.function_name := rollup_internal.found_function_name(now_called);
        if (now_called.source, now_called.target, now_called.source_name, now_called.target_name, now_called.id_sequence, now_called.function_name)
           is not distinct from (r.source, r.target, r.source_name, r.target_name, r.id_sequence, r.function_name) then
            states := rollup_internal.read_node_states(r.source, r.id_sequence);
            update rollup_internal.watermarks w
               set sequence = states -> w.node_group::text -> 'sequence'
             where w.rollup = rollup_name and states -> w.node_group::text -> 'sequence' is not null;
            continue;
        end if;
        update rollup_internal.rollups x
           set source = now_called.source,
               target = now_called.target,
               source_name = now_called.source_name,
               target_name = now_called.target_name,
               id_sequence = now_called.id_sequence,
               function_name = now_called.function_name,
               revision = x.revision + 1
         where x.name = r.name;
        if now_called.source <> r.source then
            perform rollup_internal.replace_relation(r.source, now_called.source);
            if r.tenant is not null then
                perform rollup_internal.isolate_table(
                    now_called.source, rollup_internal.isolation_condition(now_called.source, now_called.source, r.tenant));
            end if;
        end if;
        if now_called.target <> r.target then
            perform rollup_internal.replace_relation(r.target, now_called.target);
        else
            perform rollup_internal.rename_views(r.target, r.target_name);
        end if;
        perform rollup_internal.require_same_tables(now_called);
        if now_called.source <> r.source or now_called.target <> r.target then
            select jsonb_agg(jsonb_build_object('name', c.column_name, 'type', c.column_type, 'role', c.role,
                                                'definition', rollup_internal.column_definition(now_called.source, c.column_type, c.expression),
                                                'expression', c.expression))
              into columns
              from rollup_internal.target_columns(now_called) c;
            perform rollup_internal.create_or_adopt_target(
                now_called.target_name, now_called.source, now_called.tenant, columns,
                now_called.partition_interval is not null, is_counted => true);
        end if;
    end loop;
    r := rollup_internal.get_rollup(rollup_name);
    perform rollup_internal.create_rollup_function(n) from unnest(names) n;
    perform rollup_internal.sync_family(f.family)
       from (select distinct x.family from rollup_internal.rollups x where x.name = any (names)) f;
    perform rollup_internal.create_views(n) from unnest(names) n;
    perform rollup_internal.create_change_triggers(r.source);
    perform rollup_internal.require_pushdown(n) from unnest(names) n;
    return format('rollup %I counts %s', rollup_name, r.source);
end
$$;
comment on function rollup.accept_source(text) is
    'Lets a rollup continue with its source, its own table and its function under their current names and schemas, '
    'and with the sequence of the source. If a table no longer exists and another one has its name, continues with that one, '
    'for all rollups of the source: it has to hold the same events with the same ids, or the same rows. If nothing has '
    'changed, accepts that the sequence was restarted above the ids that are counted.';
