-- Events that arrive in the default partition meanwhile are not counted yet and are kept.
create or replace function rollup_internal.expire_partitions(
    source regclass, cutoff timestamptz, parts jsonb[], last_seen jsonb, waits boolean default true)
    returns setof jsonb
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    part jsonb;
    events bigint;
    outcomes jsonb;
begin
    select jsonb_object_agg(d.partition::oid, jsonb_build_object('reason', d.reason, 'sqlstate', d.sqlstate_kept)) into outcomes
      from rollup_internal.drop_partitions(
               source,
               array(select (p ->> 'oid')::oid::regclass from unnest(parts) p
                      where p -> 'reason' = 'null' and not (p ->> 'is_default')::boolean
                        and exists (select from pg_class c where c.oid = (p ->> 'oid')::oid)),
               coalesce(last_seen, '{}'), waits,
               (select coalesce(jsonb_object_agg(p ->> 'oid', p -> 'archived'), '{}') from unnest(parts) p
                 where p ? 'archived')) d;
    foreach part in array parts loop
        if part -> 'reason' <> 'null' then
            null;
        elsif (part ->> 'is_default')::boolean then
            begin
                perform rollup_internal.identify_default_partition(source);
                if part ? 'archived' then
                    -- No event may arrive, or be counted, between the comparison and the deletion.
                    perform rollup_internal.lock_with_retries((part ->> 'oid')::oid::regclass);
                    perform rollup_internal.require_archived(source, (part ->> 'oid')::oid::regclass,
                                                             rollup_internal.counted_before_condition(source, cutoff), part -> 'archived');
                end if;
                perform rollup_internal.ignore_changes(true);  -- rollups keep what they have counted
                execute format('delete from %s where %s', (part ->> 'oid')::oid::regclass,
                               rollup_internal.counted_before_condition(source, cutoff));
                get diagnostics events = row_count;
                perform rollup_internal.ignore_changes(false);
                part := part || jsonb_build_object('events', events, 'action', 'rows deleted');
            exception when insufficient_privilege or foreign_key_violation or object_in_use or lock_not_available then
                part := part || jsonb_build_object('sqlstate', sqlstate, 'reason', sqlerrm);
            end;
        else
            continue when not coalesce(outcomes ? (part ->> 'oid'), false);
            part := part || (outcomes -> (part ->> 'oid'));
            if part -> 'reason' = 'null' then
                part := part || '{"action": "dropped"}';
            end if;
        end if;
        return next case when part -> 'reason' = 'null' then part
                         else part || jsonb_build_object('action', concat('kept: ', part ->> 'reason')) end;
    end loop;
end
$$;
comment on function rollup_internal.expire_partitions(regclass, timestamptz, jsonb[], jsonb, boolean) is
    'Removes parts of rollup_internal.expired_partitions for which there is no reason to stay, and returns all of them '
    'with their action. Parts that no longer exist are left out. last_seen: see rollup_internal.drop_partitions.';
