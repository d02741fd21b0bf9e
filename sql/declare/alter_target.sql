-- Columns and views change together. Other sessions would queue behind these locks, so each attempt waits for a
-- short time only.
-- When a column is dropped, the views are dropped and created again, with their owner and privileges.
create or replace function rollup_internal.alter_target(
    rollup_name text, target regclass, added jsonb, dropped text[])
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set lock_timeout = 0
as $$
declare
    deadline constant timestamptz := clock_timestamp() + rollup_internal.wait_limit();
    rights constant text[] := rollup_internal.rights_of(to_regclass(rollup_internal.view_name(target, 'live')))
        || rollup_internal.rights_of(to_regclass(rollup_internal.view_name(target, 'bi')));
    detail text;
begin
    set local citus.propagate_set_commands = 'local';  -- see lock_with_retries.sql
    loop
        begin
            set local lock_timeout = '50ms';
            perform rollup_internal.lock_views(target);
            if dropped <> '{}' then
                perform rollup_internal.drop_views(target);
                execute format('alter table %s %s', target,
                    (select string_agg(format('drop column %I', d), ', ') from unnest(dropped) d));
            end if;
            if added <> '[]' then
                execute format('alter table %s %s', target,
                    (select string_agg(format('add column %I %s', a ->> 'name', a ->> 'definition'), ', ' order by n)
                       from jsonb_array_elements(added) with ordinality x (a, n)));
            end if;
            perform rollup_internal.create_views(rollup_name);
            if dropped <> '{}' then
                perform rollup_internal.restore_rights(rights);
            end if;
            exit;
        exception
            when lock_not_available or internal_error then
                if not rollup_internal.is_lock_failure(sqlstate, sqlerrm) then
                    raise;
                end if;
                if clock_timestamp() >= deadline then
                    raise exception using
                        errcode = 'lock_not_available',
                        message = format('%s is in use: no lock on it within %s', target, rollup_internal.setting('rollup.max_wait')),
                        hint = 'Nothing was changed. Try again when the longest transaction on it has ended.';
                end if;
            when dependent_objects_still_exist then
                get stacked diagnostics detail = pg_exception_detail;
                raise exception using
                    errcode = 'dependent_objects_still_exist',
                    message = format('rollup %I cannot be altered: other objects depend on its columns or views', rollup_name),
                    detail = detail,
                    hint = 'Nothing was changed. Drop the dependent objects first, and create them again afterwards.';
        end;
        perform pg_sleep(0.2);
    end loop;
    set local lock_timeout = 0;
end
$$;
comment on function rollup_internal.alter_target(text, regclass, jsonb, text[]) is
    'Adds columns to a rollup''s table, drops others, and creates its views again, without making others queue '
    'for long. Raises lock_not_available after rollup.max_wait.';
