-- A run beside another one, which has the new events, retries nothing: it would only count parts of a backlog.
create or replace function rollup.retry_set_aside(
    rollup_name text, out counted bigint, out still_set_aside bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    set_aside_before bigint;
begin
    perform rollup_internal.get_rollup(rollup_name);
    update rollup_internal.set_aside s set last_tried_at = '-infinity' where s.rollup = rollup_name;
    get diagnostics set_aside_before = row_count;
    if rollup_internal.try_new_events_lock(array[rollup_name]) then
        while exists (select from rollup_internal.set_aside s where s.rollup = rollup_name and s.last_tried_at = '-infinity')
              and (select r.status from rollup.run(rollup_name) r) <> 'busy' loop
        end loop;
    end if;
    select count(*) into still_set_aside from rollup_internal.set_aside s where s.rollup = rollup_name;
    counted := set_aside_before - still_set_aside;
end
$$;
comment on function rollup.retry_set_aside(text) is
    'Runs a rollup, and counts the events that it has set aside if that is possible now, because the event, the '
    'table or the declaration has been corrected. A deleted event is no longer set aside. Returns how many '
    'events were counted or deleted, and how many remain: see rollup.set_aside.';
