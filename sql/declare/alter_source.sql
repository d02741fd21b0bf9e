-- PostgreSQL does not change the type of a column that a view uses. The rollup's own views are dropped and created
-- again, with owner and privileges. Views of users are not: they are named, and nothing changes.
--
-- Locks are requested for a short time, again and again. Once all are held, ALTER TABLE takes as long as it takes: it reads or
-- writes the whole table unless the new type only allows longer values.
create or replace function rollup.alter_source(source regclass, action text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set lock_timeout = 0
    set datestyle = 'ISO, MDY'
    set standard_conforming_strings = on
    set quote_all_identifiers = off
as $$
#variable_conflict use_variable
declare
    deadline timestamptz;
    names text[];
    rights text[];
    tables text;
    columns_before jsonb;
    attributes_before jsonb;
    renamed record;
    changed record;
    r rollup_internal.rollups;
    problem text;
    detail text;
begin
    perform rollup_internal.require_read_committed(format('%s cannot be altered', source));
    perform pg_advisory_xact_lock(hashtextextended('rollup.create_rollup', 0));
    names := array(select x.name from rollup_internal.rollups x where x.source = source order by x.id);
    if names = '{}' then
        raise exception using
            errcode = 'undefined_object',
            message = format('%s is not the source of a rollup', source),
            hint = format('alter table %s %s', source, action);
    end if;
    perform rollup_internal.wait_for_run_lock(n) from unnest(names) n;
    deadline := clock_timestamp() + rollup_internal.wait_limit();
    select string_agg(t, ', ') into tables
      from (select source::text as t
            union all
            select x.target::text from rollup_internal.rollups x where x.name = any (names)) involved;
    rights := array(
        select statement
          from rollup_internal.rollups x
         cross join unnest('{live,bi}'::text[]) suffix
         cross join unnest(rollup_internal.rights_of(to_regclass(rollup_internal.view_name(x.target, suffix))))
               with ordinality s (statement, position)
         where x.name = any (names)
         order by x.id, suffix, s.position);
    columns_before := rollup_internal.source_dependent_columns(names);
    select jsonb_object_agg(a.attnum, a.attname) into attributes_before
      from pg_attribute a where a.attrelid = source and a.attnum > 0 and not a.attisdropped;

    set local citus.propagate_set_commands = 'local';  -- see lock_with_retries.sql
    loop
        begin
            set local lock_timeout = '50ms';
            perform rollup_internal.lock_views(x.target) from rollup_internal.rollups x where x.name = any (names);
            execute format('lock table %s in access exclusive mode', tables);
            perform rollup_internal.drop_views(x.target) from rollup_internal.rollups x where x.name = any (names);
            execute format('alter table %s %s', source, action);

            for renamed in
                select attributes_before ->> a.attnum::text as old_name, a.attname as new_name
                  from pg_attribute a
                 where a.attrelid = source and a.attname <> attributes_before ->> a.attnum::text and not a.attisdropped
            loop
                for r in select * from rollup_internal.rollups x where x.name = any (names) loop
                    if r.tenant = renamed.old_name then
                        execute format('alter table %s rename column %I to %I', r.target, renamed.old_name, renamed.new_name);
                    end if;
                    r := rollup_internal.renamed_declaration(r, renamed.old_name, renamed.new_name);
                    update rollup_internal.rollups x
                       set tenant = r.tenant, id_column = r.id_column, time_column = r.time_column,
                           dimensions = r.dimensions, measures = r.measures
                     where x.name = r.name;
                end loop;
            end loop;

            for changed in
                select x.target, c.value ->> 'column' as column_name, c.value ->> 'definition' as definition,
                       c.value ->> 'definition' = b.value ->> 'definition' as is_same_type
                  from rollup_internal.rollups x
                  join jsonb_each(rollup_internal.source_dependent_columns(names)) s on s.key = x.name
                 cross join jsonb_each(s.value) c
                  join jsonb_each(columns_before -> x.name) b on b.key = c.key
                 where c.value ->> 'definition' <> b.value ->> 'definition'
                    or (c.value ->> 'is_sketch')::boolean and c.value ->> 'expression' <> b.value ->> 'expression'
            loop
                if changed.is_same_type then
                    raise exception using
                        errcode = 'feature_not_supported',
                        message = format('%s.%I holds sketches of the previous type, which do not merge with those of the new one',
                                         changed.target, changed.column_name),
                        hint = 'Nothing was changed. First redefine the measure with rollup.alter_rollup, over a cast to the '
                               'new type, and fill it in with rollup.backfill_measures.';
                end if;
                execute format('alter table %s alter column %I type %s', changed.target, changed.column_name, changed.definition);
            end loop;

            update rollup_internal.rollups x set revision = x.revision + 1, source_name = x.source::text where x.name = any (names);
            perform rollup_internal.create_change_triggers(source);
            perform rollup_internal.create_rollup_function(n) from unnest(names) n;
            perform rollup_internal.sync_family(f.family)
               from (select distinct x.family from rollup_internal.rollups x where x.name = any (names)) f;
            perform rollup_internal.create_views(n) from unnest(names) n;
            perform rollup_internal.restore_rights(rights);
            exit;
        exception
            when lock_not_available or internal_error then
                if not rollup_internal.is_lock_failure(sqlstate, sqlerrm) then
                    raise;
                end if;
                if clock_timestamp() >= deadline then
                    raise exception using
                        errcode = 'lock_not_available',
                        message = format('could not lock %s and its rollups within %s', source, rollup_internal.setting('rollup.max_wait')),
                        hint = 'Nothing was changed. Try again when the longest transaction on them has ended.';
                end if;
            when dependent_objects_still_exist or undefined_column then
                get stacked diagnostics problem = message_text, detail = pg_exception_detail;
                raise exception using
                    errcode = sqlstate,
                    message = format('%s cannot be altered: %s', source, problem),
                    detail = coalesce(nullif(detail, ''), format('It was: alter table %s %s', source, action)),
                    hint = 'Nothing was changed. Drop views of your own first, and create them again afterwards. Measures that '
                           'use a column are dropped or redefined with rollup.alter_rollup; a rollup whose dimension or filter '
                           'uses it is dropped with rollup.drop_rollup, which keeps its table.';
        end;
        perform pg_sleep(0.2);
    end loop;
    set local lock_timeout = 0;
    return format('%s is altered, with %s', source,
                  (select string_agg(format('rollup %I', n), ', ') from unnest(names) n));
end
$$;
comment on function rollup.alter_source(regclass, text) is
    'Alters a source whose columns are used by rollups, such as ''alter column country type text'' or ''rename column '
    'country to land'': their views are created again, and columns of their tables and plain column names in their '
    'declarations follow. Raises dependent_objects_still_exist, and changes nothing, when a view of a user or an '
    'expression of a rollup is in the way, lock_not_available after rollup.max_wait.';
