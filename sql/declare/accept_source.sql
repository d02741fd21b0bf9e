-- Accepts what has changed, and no more: a restarted sequence is accepted by a call of its own, when its error is the one
-- that a run reports.
create or replace function rollup.accept_source(rollup_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on
as $$
declare
    r rollup_internal.rollups;
    now_called rollup_internal.rollups;
    states jsonb;
begin
    perform rollup_internal.wait_for_run_lock(rollup_name);
    r := rollup_internal.get_rollup(rollup_name);
    if not exists (select from pg_class where oid = r.source) or not exists (select from pg_class where oid = r.target) then
        perform rollup_internal.require_same_tables(r);
    end if;
    now_called := r;
    now_called.source_name := r.source::text;
    now_called.target_name := r.target::text;
    now_called.id_sequence := rollup.id_sequence(r.source, r.id_column);
    now_called.function_name := rollup_internal.found_function_name(r);
    if (now_called.source_name, now_called.target_name, now_called.id_sequence, now_called.function_name)
       is not distinct from (r.source_name, r.target_name, r.id_sequence, r.function_name) then
        states := rollup_internal.read_node_states(r.source, r.id_sequence);
        update rollup_internal.watermarks w
           set sequence = states -> w.node_group::text -> 'sequence'
         where w.rollup = rollup_name and states -> w.node_group::text -> 'sequence' is not null;
    else
        update rollup_internal.rollups x
           set source_name = now_called.source_name,
               target_name = now_called.target_name,
               id_sequence = now_called.id_sequence,
               function_name = now_called.function_name,
               revision = x.revision + 1
         where x.name = rollup_name;
        perform rollup_internal.rename_views(r.target, r.target_name);
    end if;
    perform rollup_internal.create_rollup_function(rollup_name);
    perform rollup_internal.sync_family(r.family);
    perform rollup_internal.create_views(rollup_name);
    return format('rollup %I counts %s', rollup_name, r.source);
end
$$;
comment on function rollup.accept_source(text) is
    'Lets a rollup continue with its source, its own table and its function under their current names and schemas, '
    'and with the sequence of the source. If none of these has changed, accepts that the sequence was restarted '
    'above the ids that are counted.';
