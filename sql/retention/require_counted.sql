create or replace function rollup_internal.require_counted(parts jsonb[], older_than interval)
    returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    behind constant text[] := array(select p ->> 'reason' from unnest(parts) p where p ->> 'sqlstate' = '55000');
    kept constant text[] := array(
        select case when p ->> 'sqlstate' = 'set aside' then p ->> 'reason' else format('%s: %s', p ->> 'partition', p ->> 'reason') end
          from unnest(parts) p where p -> 'reason' <> 'null');
    states constant text[] := array(select p ->> 'sqlstate' from unnest(parts) p where p -> 'reason' <> 'null');
begin
    if behind = '{}'
       and (kept = '{}' or exists (select from unnest(parts) p where p -> 'reason' = 'null')) then
        return;
    end if;
    raise exception using
        errcode = case when states <@ '{55P03}' then 'lock_not_available' else 'object_not_in_prerequisite_state' end,
        message = format('nothing older than %s was dropped: %s', older_than,
                         array_to_string(case when behind = '{}' then kept else behind end, '; ')),
        hint = case when behind <> '{}' then 'Run the rollups first: call rollup.run_all()'
                    when 'set aside' = any (states) then 'See rollup.set_aside for the reasons, and rollup.retry_set_aside.'
                    else 'Nothing was changed. Try again when that is done.' end;
end
$$;
comment on function rollup_internal.require_counted(jsonb[], interval) is
    'Raises an error if a rollup has not counted events of parts of rollup_internal.expired_partitions, or if all of '
    'the parts must stay.';
