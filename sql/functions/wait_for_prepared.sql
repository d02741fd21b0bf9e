-- On Citus a transaction can have ended on the node that began it while its part on another is
-- only prepared, its rows invisible there. So when the writers are gone, the distributed
-- transactions then prepared must go too; those whose node died are recovered here.
create or replace function rollup.wait_for_prepared(rollup_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    query constant text :=
        $q$select coalesce(jsonb_agg(gid), '[]') from pg_prepared_xacts
            where gid like 'citus\_%' and database = current_database()$q$;
    deadline constant timestamptz := clock_timestamp() + rollup.setting('rollup.max_wait')::interval;
    pause double precision := 0.005;
    prepared text[];
begin
    if rollup.extension_schema('citus') is null then
        return;
    end if;
    loop
        select coalesce(array_agg(p), '{}') into prepared
          from rollup.on_each_node(query) n, jsonb_array_elements_text(n.result::jsonb) p
         where prepared is null or p = any (prepared);
        exit when prepared = '{}';
        if clock_timestamp() >= deadline then
            raise exception using
                errcode = 'lock_not_available',
                message = format('rollup %I was put off: distributed transactions are still in doubt', rollup_name),
                detail = format('Prepared: %s.', array_to_string(prepared, ', ')),
                hint = 'Nothing was counted; the next run tries again. '
                       'Citus recovers them when the node that began them is back.';
        end if;
        perform * from rollup.on_each_node('select recover_prepared_transactions()');
        perform pg_sleep(pause);
        pause := least(pause * 1.5, 0.2);
    end loop;
end
$$;
comment on function rollup.wait_for_prepared(text) is
    'Internal. Recovers or waits for distributed transactions that are prepared now. Raises '
    'lock_not_available after rollup.max_wait.';
