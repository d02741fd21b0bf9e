-- What needs no source, such as retention, goes on without one.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.require_same_target(r rollup_internal.rollups)
    returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from pg_class where oid = r.target) then
        if to_regclass(r.target_name) is not null then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = format('table %s of rollup %I was replaced by another table', r.target_name, r.name),
                hint = format('If it has the same rows: select rollup.accept_source(%1$L). Otherwise declare the rollup again after '
                              'select rollup.drop_rollup(%1$L).', r.name);
        end if;
        raise exception using
            errcode = 'undefined_table',
            message = format('the table of rollup %I no longer exists', r.name),
            hint = format('select rollup.drop_rollup(%L), then declare it again.', r.name);
    end if;
    if r.target_name is not null and to_regclass(r.target_name) is distinct from r.target then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('the table of rollup %I was %s and is called %s now', r.name, r.target_name, r.target),
            detail = case when to_regclass(r.target_name) is null then format('No table is called %s now.', r.target_name) else
                          format('There is another table %s, which the rollup does not write to.', r.target_name) end,
            hint = format('If %1$s holds the rollup: select rollup.accept_source(%2$L). Otherwise rename the tables back.',
                          r.target, r.name);
    end if;
end
$$;
comment on function rollup_internal.require_same_target(rollup_internal.rollups) is
    'Raises undefined_table if a rollup''s table no longer exists, object_not_in_prerequisite_state if its name or schema '
    'has changed.';
reset citus.enable_ddl_propagation;
