-- The groups of new events from which a family's members are fed. Days of a time zone are built from finer buckets
-- of UTC. Before some time, days did not begin at the start of such a bucket: earlier events are also grouped by
-- their exact time, which is slow but rarely necessary.
create or replace function rollup_internal.batch_text(members text[], exact_before timestamptz, indent int)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    finest constant rollup_internal.rollups := rollup_internal.get_rollup(members[1]);
    more_columns text[] := array['count(*) as "(events)"'];
begin
    if exact_before is not null then
        more_columns := format('case when %1$I < timestamptz %2$L then %1$I end as "(time)"',
                               finest.time_column, exact_before) || more_columns;
    end if;
    return rollup_internal.aggregation_text(
        finest, finest.source::text, rollup_internal.new_events_conditions(finest),
        more_columns, cardinality(more_columns) - 1, indent);
end
$$;
comment on function rollup_internal.batch_text(text[], timestamptz, int) is
    'The query that groups an id range of new events by the finest bucket of a family, and also by their exact '
    'time if they are earlier than rollup_internal.exact_times_before.';
