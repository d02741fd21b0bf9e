-- Every other session would queue behind a pending exclusive lock. The locks are therefore requested repeatedly, for
-- 50 ms in all, and released between two attempts: a long transaction makes this function give up instead of
-- blocking the other sessions. Partitions are not locked with their parent unless they are named.
--
-- On Citus a table is locked on all nodes. SET LOCAL gives them the timeout, unlike set_config.
create or replace function rollup_internal.lock_with_retries(variadic relations regclass[])
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    lock_timeout_before constant text := current_setting('lock_timeout');
    max_wait constant interval := rollup_internal.wait_limit();
    deadline constant timestamptz := clock_timestamp() + max_wait;
    attempt_ends timestamptz;
    relation regclass;
begin
    set local citus.propagate_set_commands = 'local';
    loop
        attempt_ends := clock_timestamp() + interval '50 ms';
        begin
            foreach relation in array relations loop
                execute format('set local lock_timeout = %s', greatest(1, extract(milliseconds from attempt_ends - clock_timestamp())::int));
                execute format('lock table only %s in access exclusive mode', relation);
            end loop;
            exit;
        exception when lock_not_available or internal_error then
            if not rollup_internal.is_lock_failure(sqlstate, sqlerrm) then
                raise;
            end if;
            if clock_timestamp() >= deadline then
                raise exception using
                    errcode = 'lock_not_available',
                    message = format('%s is in use: no lock on it within %ss', relation,
                                     trim_scale(round(extract(epoch from max_wait), 3))),
                    table = relation::text,
                    hint = 'Nothing was changed. Try again when the longest transaction on it has ended.';
            end if;
        end;
        perform pg_sleep(0.2);
    end loop;
    execute format('set local lock_timeout = %L', lock_timeout_before);
end
$$;
comment on function rollup_internal.lock_with_retries(regclass[]) is
    'Takes access exclusive locks without making others queue for more than 50 ms at a time. Raises '
    'lock_not_available, with the table''s name, after rollup_internal.wait_limit().';
