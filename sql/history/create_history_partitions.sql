-- A procedure that commits cannot fix its search_path: nothing in it may depend on one.
create or replace procedure rollup.create_history_partitions(
        source pg_catalog.regclass,
        range_from pg_catalog.timestamptz default null,
        range_to pg_catalog.timestamptz default null)
    language plpgsql
as $$
declare
    remaining pg_catalog.tstzrange[] := rollup_internal.history_ranges(
        source,
        wanted => case when range_from is not null or range_to is not null
                       then pg_catalog.tstzrange(range_from, range_to) end);
    step record;
begin
    loop
        step := rollup_internal.create_history_step(source, remaining);
        remaining := step.remaining;
        commit;
        exit when pg_catalog.cardinality(remaining) operator(pg_catalog.=) 0;
    end loop;
end
$$;
comment on procedure rollup.create_history_partitions(regclass, timestamptz, timestamptz) is
    'Creates partitions of a source for back-dated events that lie in its default partition, and moves these into them; '
    'or those that are missing in a range of times, before such events are loaded. They are as long as the others, or '
    'months, years or decades where these would be more than rollup.max_partitions. Commits after every 25.';
