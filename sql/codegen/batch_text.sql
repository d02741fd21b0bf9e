-- The groups of new events from which a family's members are fed. Days of a time zone are built from finer buckets
-- of UTC. Before some time, days did not begin at the start of such a bucket: earlier events are also grouped by
-- their exact time, which is slow but rarely necessary.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.batch_text(
    finest rollup_internal.rollups, columns rollup_internal.target_column[], exact_before timestamptz, indent int)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    more_columns text[] := array['count(*) as "(events)"'];
begin
    if exact_before is not null then
        more_columns := format('case when %1$I < timestamptz %2$L then %1$I end as "(time)"',
                               finest.time_column, exact_before) || more_columns;
    end if;
    return rollup_internal.aggregation_text(
        columns, finest.source::text, rollup_internal.new_events_conditions(finest),
        more_columns, cardinality(more_columns) - 1, indent);
end
$$;
comment on function rollup_internal.batch_text(rollup_internal.rollups, rollup_internal.target_column[], timestamptz, int) is
    'The query that groups an id range of new events by the finest bucket of a family, and also by their exact '
    'time if they are earlier than rollup_internal.exact_times_before.';
reset citus.enable_ddl_propagation;
