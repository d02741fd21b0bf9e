-- Waits until everyone who may still add an id up to the last one read has ended. Nobody is
-- locked out meanwhile: later writers draw later ids and need not be waited for. The wait is
-- bounded, and when it is over nothing has moved.
--
-- On Citus a transaction can have ended on the node that began it while its part on another is
-- only prepared, its rows invisible there. So when the writers are gone, the distributed
-- transactions then prepared must go too; those whose node died are recovered here.
create or replace function rollup.wait_for_writers(
    rollup_name text, source regclass, sequence regclass, states jsonb)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    query constant text := format('select rollup.node_state(%L, %L)', source, sequence);
    max_wait constant interval := rollup.setting('rollup.max_wait');
    deadline constant timestamptz := clock_timestamp() + max_wait;
    on_citus constant boolean := rollup.extension_schema('citus') is not null;
    pause double precision := 0.005;
    writers text[];
    prepared text[];
    blocker record;
begin
    select coalesce(array_agg(s.key || ':' || w), '{}') into writers
      from jsonb_each(states) s, jsonb_object_keys(s.value -> 'writers') w;

    while writers <> '{}' or on_citus and prepared is distinct from '{}' loop
        -- Also when time is up the prepared transactions are looked at once.
        if clock_timestamp() >= deadline and (writers <> '{}' or prepared is not null) then
            exit;
        end if;
        perform pg_sleep(least(pause, extract(epoch from deadline - clock_timestamp())));
        pause := least(pause * 1.5, 0.2);

        select jsonb_object_agg(node_group, result::jsonb || jsonb_build_object('node', node))
          into states from rollup.on_each_node(query);

        if writers <> '{}' then
            select coalesce(array_agg(s.key || ':' || w), '{}') into writers
              from jsonb_each(states) s, jsonb_object_keys(s.value -> 'writers') w
             where s.key || ':' || w = any (writers);
        else
            select coalesce(array_agg(p), '{}') into prepared
              from jsonb_each(states) s, jsonb_array_elements_text(s.value -> 'prepared') p
             where prepared is null or p = any (prepared);
            if prepared <> '{}' then
                perform * from rollup.on_each_node('select recover_prepared_transactions()');
            end if;
        end if;
    end loop;

    if writers = '{}' and (not on_citus or prepared = '{}') then
        return;
    end if;
    if writers = '{}' then
        raise exception using
            errcode = 'lock_not_available',
            message = format('rollup %I was put off: distributed transactions are still in doubt', rollup_name),
            detail = 'Prepared: ' || array_to_string(prepared, ', '),
            hint = 'Nothing was counted; the next run tries again. '
                   'Citus recovers them when the node that began them is back.';
    end if;
    select s.value ->> 'node' as node, w.value as who into blocker
      from jsonb_each(states) s, jsonb_each(s.value -> 'writers') w
     where s.key || ':' || w.key = any (writers)
     order by w.value ->> 'since' nulls last
     limit 1;
    raise exception using
        errcode = 'lock_not_available',
        message = format('rollup %I was put off: %s on %s, user %s, application %s, is still writing to %s',
                         rollup_name,
                         coalesce('pid ' || (blocker.who ->> 'pid'),
                                  'prepared transaction ' || quote_literal(blocker.who ->> 'gid'),
                                  'a prepared transaction'),
                         blocker.node,
                         coalesce(blocker.who ->> 'user', 'unknown'),
                         coalesce(nullif(blocker.who ->> 'application', ''), 'unnamed'),
                         source),
        detail = format('Its transaction is %s and %s old%s; the run waited %s.',
                        coalesce(blocker.who ->> 'state', 'prepared'),
                        coalesce(date_trunc('milliseconds', clock_timestamp()
                                 - (blocker.who ->> 'since')::timestamptz)::text, 'of unknown age'),
                        case when cardinality(writers) > 1
                             then format(', and %s more are open', cardinality(writers) - 1) else '' end,
                        max_wait),
        hint = 'Nothing was counted; the next run tries again. To end that transaction: '
               || case when blocker.who ->> 'gid' is not null
                      then format('rollback prepared %L', blocker.who ->> 'gid')
                      when blocker.who ->> 'pid' is not null
                      then format('select pg_terminate_backend(%s)', blocker.who ->> 'pid')
                      else 'see pg_prepared_xacts on that node' end;
end
$$;
comment on function rollup.wait_for_writers(text, regclass, regclass, jsonb) is
    'Internal. Waits, for rollup.max_wait at most, until no open transaction can add to what was '
    'read in states. Raises lock_not_available naming the oldest when one still can.';
