-- What has been noted until now is still corrected.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup.unfollow_changes(source regclass)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
#variable_conflict use_variable
declare
    found_trigger record;
    relations regclass[];
begin
    delete from rollup_internal.followed_sources f where f.source = source;
    if not found then
        return format('changes of %s were not followed', source);
    end if;
    relations := array(
        select distinct g.tgrelid::regclass
          from pg_trigger g
         where g.tgfoid = 'rollup_internal.note_change()'::regprocedure
           and g.tgrelid in (select source union select p.relid from pg_partition_tree(source) p));
    if relations <> '{}' then
        set local citus.multi_shard_modify_mode = 'sequential';  -- as commands on views need it
        perform rollup_internal.lock_with_retries(variadic relations);
        set local citus.enable_unsafe_triggers = on;
        for found_trigger in
            select g.tgname, g.tgrelid::regclass as relation from pg_trigger g
             where g.tgrelid = any (relations) and g.tgfoid = 'rollup_internal.note_change()'::regprocedure
        loop
            execute format('drop trigger %I on %s', found_trigger.tgname, found_trigger.relation);
        end loop;
    end if;
    return format('rollups of %s no longer follow its updates and deletes', source);
end
$$;
comment on function rollup.unfollow_changes(regclass) is
    'Removes what rollup.follow_changes has created. Changes noted until then are still corrected. Raises lock_not_available '
    'when the table is in use for rollup.max_wait.';
reset citus.enable_ddl_propagation;
