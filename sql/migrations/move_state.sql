-- 0.2.0: state moves from the schema rollup to rollup_internal, where only the package writes it, and gets the
-- names used in the documentation. Data, indexes and grants are kept.
--
-- Runs and live views use these tables, and other sessions would queue behind the locks. All locks are therefore
-- requested together, for a short time each, and released between attempts.
do $$
declare
    deadline constant timestamptz := clock_timestamp()
        + coalesce(nullif(current_setting('rollup.max_wait', true), ''), '10s')::interval;
    lock_timeout_before constant text := current_setting('lock_timeout');
    old_tables constant text[] := array(
        select format('rollup.%I', relname) from pg_catalog.pg_class
         where relnamespace = 'rollup'::regnamespace
           and relkind = 'r'
           and relname in ('migrations', 'families', 'rollups', 'sources', 'watermarks', 'added_measures', 'backlogs',
                           'tails', 'runs', 'samples', 'loads'));
    old_table text;
    column_name text;
begin
    if old_tables = '{}' then
        return;
    end if;
    loop
        begin
            set local lock_timeout = '50ms';
            execute format('lock table %s in access exclusive mode', array_to_string(old_tables, ', '));
            exit;
        exception when lock_not_available then
            if clock_timestamp() >= deadline then
                raise exception using
                    errcode = 'lock_not_available',
                    message = 'could not lock the tables of schema "rollup": a run or a reader of a live view is using them',
                    hint = 'Nothing was changed. Try again when the longest transaction on them has ended.';
            end if;
        end;
        perform pg_sleep(0.2);
    end loop;
    perform set_config('lock_timeout', lock_timeout_before, true);

    foreach old_table in array old_tables loop
        -- What columns hold is said of the views now.
        for column_name in
            select format('%s.%I', old_table, attname) from pg_catalog.pg_attribute
             where attrelid = old_table::regclass and pg_catalog.col_description(attrelid, attnum) is not null
        loop
            execute format('comment on column %s is null', column_name);
        end loop;
        execute format('alter table %s set schema rollup_internal', old_table);
    end loop;
    alter table rollup_internal.loads add column after_id bigint, add column through_id bigint;
    alter table rollup_internal.rollups add column newest_first boolean, add column source_name text,
        add column target_name text;
    update rollup_internal.rollups r
       set source_name = (select format('%I.%I', n.nspname, c.relname)
                            from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                           where c.oid = r.source),
           target_name = (select format('%I.%I', n.nspname, c.relname)
                            from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                           where c.oid = r.target);
    alter table rollup_internal.watermarks add column sequence jsonb;
    alter table rollup_internal.sources add column purged tstzmultirange not null default '{}',
        add column never_covered tstzmultirange not null default '{}', add column partition_interval interval;
    alter table rollup_internal.samples rename to horizons;
    alter table rollup_internal.horizons rename column heads to last_ids;
    alter index rollup_internal.samples_source_taken_at_idx rename to horizons_source_taken_at_idx;
    alter table rollup_internal.runs rename column spans to id_ranges;
    alter table rollup_internal.runs add column sqlstate text, add column detail text,
        add column attempts int not null default 1, add column duration interval;
    alter table rollup_internal.runs drop constraint status_is_known;
    update rollup_internal.runs set status = 'deferred' where status = 'put off';
    alter table rollup_internal.runs add constraint status_is_known check (status in ('done', 'deferred', 'failed'));
end
$$;
