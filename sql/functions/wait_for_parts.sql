-- On Citus a transaction can have ended at its front while a part of it has not: prepared and in
-- doubt, because a node died between the commits, or still at work for a session that was killed.
-- Its rows are invisible yet and would be missed. So when the fronts are gone, the parts that are
-- there without a front must go too; Citus recovers those whose fate is known.
create or replace function rollup.wait_for_parts(names text[], source regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    query constant text := format('select rollup.distributed_parts(%L)', source);
    deadline constant timestamptz := clock_timestamp() + rollup.setting('rollup.max_wait')::interval;
    pause double precision := 0.005;
    strays text[];
    are_prepared boolean;
    own_front bigint;
begin
    if not rollup.is_distributed(source) then
        return;
    end if;
    execute 'select citus_backend_gpid()' into own_front;
    loop
        -- A new writer may show here as a part without a front, when its front's node was asked
        -- just before it began; the next look puts that right.
        with nodes as (
            select n.node, n.result::jsonb as state from rollup.on_each_node(query) n
        ), parts as (
            select format('%s on %s', p.key, n.node) as stray, p.value = 'null' as is_prepared
              from nodes n, jsonb_each(n.state -> 'parts') p
             where not exists (select from nodes f where f.state -> 'fronts' @> p.value and p.value <> 'null')
               and p.value <> to_jsonb(own_front)
        )
        select coalesce(array_agg(p.stray order by p.stray), '{}'), coalesce(bool_or(p.is_prepared), false)
          into strays, are_prepared
          from parts p
         where strays is null or p.stray = any (strays);
        exit when strays = '{}';
        if clock_timestamp() >= deadline then
            raise exception using
                errcode = 'lock_not_available',
                message = format('%s put off: parts of distributed transactions that write to %s have not ended',
                                 rollup.named(names), source),
                detail = format('They are %s: virtual transactions %s.',
                                case when are_prepared then 'prepared and in doubt' else 'without the session that began them' end,
                                array_to_string(strays, ', ')),
                hint = 'Nothing was counted; the next run tries again. Citus recovers prepared ones when the '
                       'node that began them is back; see pg_locks and pg_prepared_xacts on those nodes.';
        end if;
        if are_prepared then
            perform * from rollup.on_each_node('select recover_prepared_transactions()');
        end if;
        perform pg_sleep(pause);
        pause := least(pause * 1.5, 0.2);
    end loop;
end
$$;
comment on function rollup.wait_for_parts(text[], regclass) is
    'Internal. Recovers or waits for parts of distributed writers that are without their front now. '
    'Raises lock_not_available after rollup.max_wait.';
