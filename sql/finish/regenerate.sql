-- An upgrade writes generated functions again, also to call the topn extension once it is installed. Replacing a
-- view locks out its readers, who would queue behind a long reader. The locks of all views are therefore requested
-- together, for a short time each, and released between attempts.
do $$
declare
    deadline constant timestamptz := clock_timestamp() + rollup_internal.setting('rollup.max_wait')::interval;
    lock_timeout_before constant text := current_setting('lock_timeout');
    rollup_name text;
    family_id bigint;
begin
    if exists (select from pg_catalog.pg_extension where extname = 'citus') then
        perform set_config('citus.propagate_set_commands', 'local', true);
    end if;
    loop
        begin
            set local lock_timeout = '50ms';
            for rollup_name in select name from rollup_internal.rollups order by id loop
                perform rollup_internal.create_rollup_function(rollup_name);
                perform rollup_internal.create_views(rollup_name);
            end loop;
            for family_id in select id from rollup_internal.families order by id loop
                perform rollup_internal.sync_family(family_id);
            end loop;
            exit;
        exception when lock_not_available or internal_error then
            if not rollup_internal.is_lock_failure(sqlstate, sqlerrm) then
                raise;
            end if;
            if clock_timestamp() >= deadline then
                raise exception using
                    errcode = 'lock_not_available',
                    message = format('could not lock the views of rollup "%s" within %s', rollup_name,
                                     rollup_internal.setting('rollup.max_wait')),
                    hint = 'Nothing was changed. Try again when the longest transaction that reads them has ended.';
            end if;
        end;
        perform pg_sleep(0.2);
    end loop;
    perform set_config('lock_timeout', lock_timeout_before, true);
end
$$;
-- Triggers that note changes contain statements of the version that has created them.
do $$
begin
    perform rollup_internal.create_change_triggers(f.source)
       from rollup_internal.followed_sources f
       join pg_catalog.pg_class c on c.oid = f.source;
end
$$;
