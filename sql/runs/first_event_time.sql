-- An id says nothing about time: a statement that reads new events is planned for every partition, which takes longer
-- than counting a few events. Most new events are recent, and a sequence hands out an id once. If as many events as
-- the ranges have ids lie after some time, there are none before it, and a condition on the time, a constant for the
-- planner, leaves out all partitions before it. Ids of transactions that were rolled back leave gaps; then, or if
-- events are late, earlier times are tried, and finally nothing is known.
--
-- An event that gets an earlier time between this query and the one that counts would not be counted. Nor would one
-- that changes just afterwards be counted again.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.first_event_time(
    r rollup_internal.rollups, id_ranges rollup_internal.id_range[])
    returns timestamptz
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    ids constant bigint := (select sum(i.through_id - i.after_id) from unnest(id_ranges) i);
    conditions constant text := (
        select string_agg(format('%I > %s and %1$I <= %3$s', r.id_column, i.after_id, i.through_id), ' or ')
          from unnest(id_ranges) i);
    since timestamptz;
    events bigint;
begin
    -- Reading many events twice takes longer than planning.
    if ids > 20000 or rollup_internal.partition_column(r.source) is distinct from r.time_column
       or (select count(*) from pg_inherits i where i.inhparent = r.source) < 20 then
        return null;
    end if;
    foreach since in array array[now() - interval '1 hour', now() - interval '1 day', now() - interval '20 days'] loop
        execute rollup_internal.fill_template(
            'select count(distinct {id}) from {source} where {time} >= $1 and ({conditions})',
            jsonb_build_object('id', quote_ident(r.id_column), 'source', r.source, 'time', quote_ident(r.time_column),
                               'conditions', conditions))
           into events using since;
        if events = ids then
            return since;
        end if;
    end loop;
    return null;
end
$$;
comment on function rollup_internal.first_event_time(rollup_internal.rollups, rollup_internal.id_range[]) is
    'A time before which no event of some id ranges lies, if that is known after a look at recent partitions only; '
    'otherwise NULL.';
reset citus.enable_ddl_propagation;
