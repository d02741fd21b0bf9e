-- The ledger knows a source by its oid. For another table, a file would be loaded again and a channel read from its
-- beginning. Between renaming a source and dropping it, both tables exist.
create or replace function rollup_internal.require_not_replaced(source_table regclass)
    returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup_internal.rollups;
begin
    select x.* into r
      from rollup_internal.rollups x
     where x.source <> source_table and to_regclass(x.source_name) = source_table
     order by x.id
     limit 1;
    if found then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('%s has replaced the source of rollup %I, but not taken over its ledger of loads',
                             source_table, r.name),
            hint = case when exists (select from pg_class c where c.oid = r.source) then
                format('If %1$s remains the source: select rollup.accept_source(%2$L). If the new table continues it: copy its '
                       'events with their ids, drop table %1$s, then call that.', r.source, r.name) else
                format('If it has the same events with the same ids: select rollup.accept_source(%1$L). Otherwise declare '
                       'the rollup again after select rollup.drop_rollup(%1$L).', r.name) end;
    end if;
end
$$;
comment on function rollup_internal.require_not_replaced(regclass) is
    'Raises object_not_in_prerequisite_state if a table has the name that a rollup''s source, another table, had.';
