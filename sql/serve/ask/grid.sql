-- As rollup_internal.series_grid, for a zone that is known to be valid: looking it up takes as long as a query. The
-- finest member of the family decides which steps are possible, whichever member was named.
--
-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.grid(
    finest rollup_internal.rollups, range_from timestamptz, range_to timestamptz, step interval, step_zone text)
    returns timestamptz[]
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    grid timestamptz[];
    step_start timestamptz := range_from;
begin
    if step_zone is null then
        return rollup_internal.series_grid(finest.name, range_from, range_to, step, null);
    end if;
    while step_start < range_to loop
        grid := grid || step_start;
        step_start := rollup.bucket_end(step, step_zone, step_start);
    end loop;
    grid := grid || step_start;
    if exists (select from unnest(grid) b where rollup.bucket_start(finest.bucket, finest.time_zone, b) <> b) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('the buckets of rollup %s, %s, do not add up to steps of %s in %s', finest.name,
                             concat_ws(' in ', finest.bucket, finest.time_zone), step, step_zone);
    end if;
    return grid;
end
$$;
comment on function rollup_serve.grid(rollup_internal.rollups, timestamptz, timestamptz, interval, text) is
    'The starts of the steps of a series, and the end of the last one.';
reset citus.enable_ddl_propagation;
