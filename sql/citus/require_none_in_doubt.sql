-- For a table that is already locked and whose writers have ended: a prepared transaction on a Citus node can
-- still commit rows that are not visible yet.
create or replace function rollup_internal.require_none_in_doubt(source regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    node record;
begin
    if not rollup_internal.is_distributed(source) then
        return;
    end if;
    for node in
        select n.node, n.result::bigint as prepared
          from rollup_internal.on_each_node($q$select count(*) from pg_prepared_xacts
                                       where starts_with(gid, 'citus_') and database = current_database()$q$) n
    loop
        if node.prepared > 0 then
            raise exception using
                errcode = 'lock_not_available',
                message = format('%s: %s distributed transactions are in doubt on %s', source, node.prepared, node.node),
                hint = 'Nothing was changed. Try again when they have ended; select recover_prepared_transactions() ends those left behind.';
        end if;
    end loop;
end
$$;
comment on function rollup_internal.require_none_in_doubt(regclass) is
    'Raises lock_not_available while a Citus node has prepared distributed transactions.';
