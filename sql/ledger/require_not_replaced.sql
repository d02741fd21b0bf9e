-- What was loaded into the table before is known under its old oid. A content would be loaded again, and a channel read
-- from its beginning.
create or replace function rollup_internal.require_not_replaced(source_table regclass)
    returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    rollup_name text;
begin
    select r.name into rollup_name
      from rollup_internal.rollups r
     where r.source <> source_table
       and to_regclass(r.source_name) = source_table
       and not exists (select from pg_class c where c.oid = r.source)
     order by r.id
     limit 1;
    if found then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('%s has taken the place of the source of rollup %I, whose loads are not known for it yet',
                             source_table, rollup_name),
            hint = format('If it has the same events with the same ids: select rollup.accept_source(%1$L). Otherwise declare the '
                          'rollup again after select rollup.drop_rollup(%1$L).', rollup_name);
    end if;
end
$$;
comment on function rollup_internal.require_not_replaced(regclass) is
    'Raises object_not_in_prerequisite_state if a table has the name of a rollup''s source that no longer exists.';
