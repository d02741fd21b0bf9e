-- The check made before anything was locked is repeated under the lock, when no more events can arrive. What has
-- arrived since lies above the watermarks and is found by index, so that the lock is short whatever the size of the
-- partition. A failure releases the locks and concerns this partition only, unless the table itself is in use.
create or replace function rollup_internal.drop_expired_partition(
    parent regclass, partition regclass, out obstacles text[])
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set enable_seqscan = off
as $$
#variable_conflict use_variable
declare
    kind constant text := case (select c.relkind from pg_class c where c.oid = partition)
        when 'f' then 'foreign table' else 'table' end;
    state text;
    problem text;
    detail text;
    in_use text;
begin
    perform rollup_internal.lock_partition(parent, partition);
    perform rollup_internal.require_none_in_doubt(parent);
    obstacles := rollup_internal.uncounted_in_partition(parent, partition, tstzrange(null, null));
    if obstacles <> '{}' then
        raise exception 'events are not counted yet';  -- releases the locks
    end if;
    execute format('drop %s %s', kind, partition);
exception when others then
    get stacked diagnostics
        state = returned_sqlstate, problem = message_text, detail = pg_exception_detail, in_use = table_name;
    if state = '55P03' and in_use is distinct from partition::text then
        raise;
    end if;
    if coalesce(obstacles, '{}') = '{}' then
        obstacles := array[case state
            when '2BP01' then format('%s is in use: %s', partition, split_part(detail, E'\n', 1))
            when '55P03' then problem
            else format('%s cannot be dropped: %s', partition, problem) end];
    end if;
end
$$;
comment on function rollup_internal.drop_expired_partition(regclass, regclass) is
    'Drops a partition if every rollup of its parent has counted its events; otherwise returns why it stays. Raises '
    'lock_not_available when its parent is in use for longer than rollup_internal.wait_limit().';
