create or replace function rollup_internal.in_use_text(relation regclass)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    pids constant int[] := array(
        select distinct l.pid from pg_locks l
         where l.locktype = 'relation' and l.granted and l.relation = in_use_text.relation
           and l.database = (select oid from pg_database where datname = current_database())
           and l.pid <> pg_backend_pid()
         order by 1);
begin
    return case when pids = '{}' then 'it is in use'
                else format('it is in use by pid %s: select pg_terminate_backend(%s)', array_to_string(pids, ', '), pids[1]) end;
end
$$;
comment on function rollup_internal.in_use_text(regclass) is
    'A clause that names the sessions of this node that hold a lock on a table, and ends the first of them.';
