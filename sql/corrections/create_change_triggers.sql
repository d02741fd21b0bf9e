-- Creating a trigger waits for the writers of a table, and new ones would queue behind it.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.create_change_triggers(source regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
#variable_conflict use_variable
declare
    wanted record;
    relations regclass[];
begin
    if not exists (select from rollup_internal.followed_sources f where f.source = source) then
        return;
    end if;
    relations := array(select distinct t.relation from rollup_internal.change_triggers(source) t where not t.is_there);
    if relations = '{}' then
        return;
    end if;
    set local citus.multi_shard_modify_mode = 'sequential';  -- as commands on views need it
    perform rollup_internal.lock_with_retries(variadic relations);
    -- Unsafe are triggers that touch other shards or the coordinator. These write to a table of their own node.
    set local citus.enable_unsafe_triggers = on;
    for wanted in select * from rollup_internal.change_triggers(source) t where not t.is_there loop
        if exists (select from pg_trigger g where g.tgrelid = wanted.relation and g.tgname = wanted.trigger_name) then
            execute format('drop trigger %I on %s', wanted.trigger_name, wanted.relation);
        end if;
        execute wanted.definition;
        execute format('alter table only %s enable always trigger %I', wanted.relation, wanted.trigger_name);
    end loop;
end
$$;
comment on function rollup_internal.create_change_triggers(regclass) is
    'Creates the triggers that are missing on a source that is followed, or on its partitions. Raises lock_not_available '
    'when one of them is in use for rollup.max_wait.';
reset citus.enable_ddl_propagation;
