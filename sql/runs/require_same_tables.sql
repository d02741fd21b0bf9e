-- A renamed table may have been replaced by another table of that name, to which writers or readers have switched.
-- Runs, live views and checks would silently continue with the old table. A table that was dropped is reported before
-- SQL is composed with its oid.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.require_same_tables(r rollup_internal.rollups)
    returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    gone name;
    id_sequence regclass;
begin
    if not exists (select from pg_class where oid = r.source) then
        if to_regclass(r.source_name) is not null then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = format('source %s of rollup %I was replaced by another table', r.source_name, r.name),
                hint = format('If it has the same events with the same ids: select rollup.accept_source(%1$L). Otherwise declare the '
                              'rollup again after select rollup.drop_rollup(%1$L).', r.name);
        end if;
        raise exception using
            errcode = 'undefined_table',
            message = format('the source of rollup %I no longer exists', r.name),
            hint = format('Its rows stay: select rollup.drop_rollup(%L)', r.name);
    end if;
    -- Looked up, since how a name is spelled follows quote_all_identifiers.
    if r.source_name is not null and to_regclass(r.source_name) is distinct from r.source then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('source of rollup %I was %s and is called %s now', r.name, r.source_name, r.source),
            detail = case when to_regclass(r.source_name) is null then format('No table is called %s now.', r.source_name) else
                          format('There is another table %s, whose events are not counted.', r.source_name) end,
            hint = format('If %1$s is still the source: select rollup.accept_source(%2$L). Otherwise declare the rollup '
                          'again after select rollup.drop_rollup(%2$L).', r.source, r.name);
    end if;
    perform rollup_internal.require_same_target(r);
    select c into gone
      from unnest(array[r.tenant, r.id_column, r.time_column]
                  || array(select d::name from unnest(r.dimensions) d where d !~* '[[:space:]]as[[:space:]]')) c
     where c is not null
       and not exists (select from pg_attribute a
                        where a.attrelid = r.source and a.attname = c and a.attnum > 0 and not a.attisdropped)
     limit 1;
    if found then
        raise exception using
            errcode = 'undefined_column',
            message = format('source %s of rollup %I no longer has a column %I', r.source, r.name, gone),
            hint = format('If it was renamed, rename it back and then let the rollups follow: select rollup.alter_source(%L, %L). '
                          'If it was dropped, declare another rollup: rollup.drop_rollup keeps the table of this one.',
                          r.source::text, format('rename column %I to new_name', gone));
    end if;
    -- The last id of a sequence that is no longer used would never be passed: nothing new, permanently.
    id_sequence := rollup.id_sequence(r.source, r.id_column);
    if id_sequence <> r.id_sequence then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('ids of %s come from another sequence than when rollup %I was declared: %s', r.source, r.name,
                             id_sequence),
            hint = format('If its ids are larger than all that exist: select rollup.accept_source(%L).', r.name);
    end if;
end
$$;
comment on function rollup_internal.require_same_tables(rollup_internal.rollups) is
    'Raises object_not_in_prerequisite_state if the name or schema of a rollup''s source or table, or the sequence of '
    'its source, has changed since it was declared; undefined_table or undefined_column if one of the tables, or a '
    'column that the rollup names, no longer exists.';
reset citus.enable_ddl_propagation;
