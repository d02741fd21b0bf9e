-- The groups of new events that a family's members are fed from. Days of a time zone are made of finer buckets of
-- UTC. Before some time they did not begin where those do: events from before are grouped by their exact time
-- too, which is slow, and which few rollups will ever need.
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
    'The query that groups an id range of new events by the finest bucket of a family, and by their exact time where they '
    'are from before a time (rollup_internal.exact_times_before).';
