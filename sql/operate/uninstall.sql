-- Extensions stay, because the rollups' tables and the events use them. All locks are requested for a short time
-- each, so that no session queues behind them while a run or a reader is active.
create or replace function rollup.uninstall(drop_tables boolean default false, dry_run boolean default false)
    returns table (kind text, name text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set client_min_messages = warning
as $$
declare
    max_wait constant text := rollup_internal.setting('rollup.max_wait');
    deadline constant timestamptz := clock_timestamp() + max_wait::interval;
    lock_timeout_before constant text := current_setting('lock_timeout');
    dependents text;
    made jsonb;
    statement text;
begin
    perform pg_advisory_xact_lock(hashtextextended('rollup.install', 0));
    select string_agg(format('%s depends on %s', d.dependent, d.used), '; ') into dependents
      from rollup_internal.dependents_of_package(drop_tables) d;
    if dependents is not null then
        raise exception using
            errcode = 'dependent_objects_still_exist',
            message = 'rollup cannot be uninstalled: other objects depend on it',
            detail = dependents,
            hint = 'Nothing was changed. Drop them first.';
    end if;

    select jsonb_agg(m order by m.step) into made from rollup_internal.made_by_package(drop_tables) m;
    if not dry_run then
        loop
            begin
                set local citus.propagate_set_commands = 'local';  -- see lock_with_retries.sql
                set local lock_timeout = '50ms';
                set local citus.enable_unsafe_triggers = on;  -- those that note changes go too
                set local citus.multi_shard_modify_mode = 'sequential';
                for statement in select m ->> 'statement' from jsonb_array_elements(made) m loop
                    execute statement;
                end loop;
                exit;
            exception when lock_not_available or internal_error then
                if not rollup_internal.is_lock_failure(sqlstate, sqlerrm) then
                    raise;
                end if;
                if clock_timestamp() >= deadline then
                    raise exception using
                        errcode = 'lock_not_available',
                        message = format('could not lock the views and tables of rollups within %s', max_wait),
                        hint = 'Nothing was changed. Try again when runs and readers of the views have ended.';
                end if;
            end;
            perform pg_sleep(0.2);
        end loop;
        perform set_config('lock_timeout', lock_timeout_before, true);
    end if;
    return query select m ->> 'kind', m ->> 'name' from jsonb_array_elements(made) m;
end
$$;
comment on function rollup.uninstall(boolean, boolean) is
    'Removes the package from the database with everything it has created: jobs, counting functions, views, its '
    'schemas with declarations and watermarks, and its part of the database''s search_path. Returns the objects '
    'it removes; with dry_run, only lists them. The tables of rollups stay unless drop_tables; events and '
    'extensions stay. Raises dependent_objects_still_exist if other objects depend on those to be removed, and '
    'names them.';
