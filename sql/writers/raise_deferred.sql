create or replace function rollup_internal.raise_deferred(
    names text[], source regclass, states jsonb, writers text[], waiting_since timestamptz)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    oldest record;
begin
    select s.value ->> 'node' as node, w.value ->> 'pid' as pid, w.value ->> 'gid' as gid,
           w.value ->> 'user' as username, nullif(w.value ->> 'application', '') as application,
           coalesce(w.value ->> 'state', 'prepared') as state,
           (w.value ->> 'is_hidden')::boolean as is_hidden,
           (w.value ->> 'since')::timestamptz as since
      into oldest
      from jsonb_each(states) s, jsonb_each(s.value -> 'writers') w
     where s.key || ':' || w.key = any (writers)
     order by since nulls last
     limit 1;
    raise exception using
        errcode = 'lock_not_available',
        message = format('%s: %s on %s, user %s, application %s, is still writing to %s',
                         rollup_internal.deferral_text(names),
                         coalesce('pid ' || oldest.pid,
                                  'prepared transaction ' || quote_literal(oldest.gid),
                                  'a prepared transaction'),
                         oldest.node,
                         coalesce(oldest.username, 'unknown'),
                         coalesce(oldest.application, 'unnamed'),
                         source),
        detail = format('%s%s; the run waited %s.',
                        case when oldest.is_hidden
                             then format('Role %I may not see its state and its age', current_user)
                             else format('Its transaction is %s and %s old', oldest.state,
                                         coalesce(date_trunc('milliseconds', clock_timestamp() - oldest.since)::text,
                                                  'an unknown time')) end,
                        case when cardinality(writers) > 1
                             then format(', and %s more are open', cardinality(writers) - 1) else '' end,
                        least(rollup_internal.setting('rollup.max_wait')::interval,
                              date_trunc('milliseconds', clock_timestamp() - waiting_since))),
        hint = 'Nothing was counted; the next run tries again. To end that transaction: '
               || coalesce('select pg_terminate_backend(' || oldest.pid || ')',
                           'rollback prepared ' || quote_literal(oldest.gid),
                           'see pg_prepared_xacts on that node')
               || case when oldest.is_hidden
                       then format('. To see its state and age: grant pg_read_all_stats to %I', current_user) else '' end;
end
$$;
comment on function rollup_internal.raise_deferred(text[], regclass, jsonb, text[], timestamptz) is
    'Raises lock_not_available and names the oldest of the writers a run waited for.';
