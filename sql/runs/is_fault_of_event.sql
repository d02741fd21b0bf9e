-- Any error may come from the values of one event, or from a function that is called with them, except what says that the
-- server, the session or a table is at fault: connections, privileges, deadlocks, resources, locks, damaged files. A
-- constraint of a table would reject every event, whereas a constraint of a domain rejects values; only the bucket and
-- the tenant are NULL because of an event. What an empty id range raises too is not the fault of an event.
--
-- Only the text of an error on a Citus worker is known.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.is_fault_of_event(
    ids rollup_internal.id_range, table_name text, column_name text, state text, said text)
    returns boolean
    language sql
    stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select state = 'RU001' or (ids.after_id = ids.through_id) is not true
       and state !~ '^(08|25|28|40|53|57|58|72|F0|HV|42501|55006|55P|XX001|XX002)'
       and case
           when state in ('23503', '23505', '23514', '23P01') then table_name = '' and said not like 'new row for relation %'
           when state = '23502' then
               coalesce(nullif(column_name, ''), pg_catalog.substring(said, '^null value in column "(.*)" of relation ')) is null
               or exists (select from rollup_internal.rollups r
                           where r.name = any (ids.rollups)
                             and coalesce(nullif(column_name, ''), pg_catalog.substring(said, '^null value in column "(.*)" of relation '))
                                 in (r.bucket_column, r.tenant))
           else true end;
end;
comment on function rollup_internal.is_fault_of_event(rollup_internal.id_range, text, text, text, text) is
    'Whether an error while an id range was counted can be the fault of an event in it, rather than of a table or the '
    'server, or ends a step of rollup_internal.divide_failed.';
reset citus.enable_ddl_propagation;
