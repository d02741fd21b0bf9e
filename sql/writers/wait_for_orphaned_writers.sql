-- On Citus a transaction can have ended at its initiator while one of its participants has not: it is prepared and
-- in doubt because a node failed between the commits, or still working for a session that was killed. Its rows are
-- not visible yet and would be missed. Once the initiators have ended, the orphans, which are participants without
-- an initiator, must end too. Citus recovers those whose outcome is known.
create or replace function rollup_internal.wait_for_orphaned_writers(names text[], source regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    query constant text := format('select rollup_internal.distributed_writers(%L)', source);
    deadline constant timestamptz := clock_timestamp() + rollup_internal.wait_limit();
    pause double precision := 0.005;
    orphans text[];
    are_prepared boolean;
    own_gpid bigint;
begin
    if not rollup_internal.is_distributed(source) then
        return;
    end if;
    execute 'select citus_backend_gpid()' into own_gpid;
    loop
        -- A new writer looks like an orphan if its initiator's node was read just before it began. The
        -- next iteration corrects that.
        with nodes as (
            select n.node, n.result::jsonb as state from rollup_internal.on_each_node(query) n
        ), participants as (
            select format('%s on %s', p.key, n.node) as orphan, p.value = 'null' as is_prepared
              from nodes n, jsonb_each(n.state -> 'participants') p
             where not exists (select from nodes f where f.state -> 'initiators' @> p.value and p.value <> 'null')
               and p.value <> to_jsonb(own_gpid)
        )
        select coalesce(array_agg(p.orphan order by p.orphan), '{}'), coalesce(bool_or(p.is_prepared), false)
          into orphans, are_prepared
          from participants p
         where orphans is null or p.orphan = any (orphans);
        exit when orphans = '{}';
        if clock_timestamp() >= deadline then
            raise exception using
                errcode = 'lock_not_available',
                message = format('%s: participants of distributed transactions that write to %s have not ended',
                                 rollup_internal.deferral_text(names), source),
                detail = format('They are %s: virtual transactions %s.',
                                case when are_prepared then 'prepared and in doubt' else 'without the session that began them' end,
                                array_to_string(orphans, ', ')),
                hint = 'Nothing was counted; the next run tries again. Citus recovers prepared ones when the '
                       'node that began them is back; see pg_locks and pg_prepared_xacts on those nodes.';
        end if;
        if are_prepared then
            perform * from rollup_internal.on_each_node('select recover_prepared_transactions()');
        end if;
        perform pg_sleep(pause);
        pause := least(pause * 1.5, 0.2);
    end loop;
end
$$;
comment on function rollup_internal.wait_for_orphaned_writers(text[], regclass) is
    'Recovers, or waits for, participants of distributed writers whose initiator has ended. Raises '
    'lock_not_available after rollup_internal.wait_limit().';
