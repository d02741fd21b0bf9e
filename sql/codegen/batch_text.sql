-- The groups of new events that a family's members are fed from. Days of a time zone are made of finer buckets of
-- UTC. Before some time they did not begin where those do: events from before are grouped by their exact time
-- too, which is slow, and which few rollups will ever need.
create or replace function rollup_internal.batch_text(members text[], indent int)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    finest constant rollup_internal.rollups := rollup_internal.get_rollup(members[1]);
    exact_time constant text := format('case when %1$I < timestamptz %2$L then %1$I end as "(time)"',
        finest.time_column, nullif(rollup_internal.exact_times_before(members), 'infinity'));
    has_exact_times constant boolean := rollup_internal.exact_times_before(members) is not null;
begin
    return rollup_internal.aggregation_text(
        finest, finest.source::text, rollup_internal.new_events_conditions(finest),
        case when has_exact_times then array[exact_time] else '{}' end || array['count(*) as "(events)"'],
        has_exact_times::int, indent);
end
$$;
comment on function rollup_internal.batch_text(text[], int) is
    'The query that groups an id range of new events by the finest bucket of a family.';
