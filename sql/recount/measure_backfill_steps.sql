-- One look at the rollup: buckets that get their first row later are counted with all measures from
-- the start. The last step stands for all that is older, of which there is nothing.
create or replace function rollup_internal.measure_backfill_steps(rollup_name text, step interval, tenant text)
    returns timestamptz[]
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
    known constant text := rollup_internal.parse_tenant(r, tenant);
    newest timestamptz;
    steps timestamptz[];
begin
    if step is null or step <= interval '0' or extract(month from step) <> 0 or extract(year from step) <> 0 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('a step must be longer than zero, in days or less, not %L', step),
            hint = 'For example interval ''1 day''.';
    end if;
    select max(s.valid_since) into newest from rollup_internal.measures_complete_since(rollup_name, known) s;
    execute format('select array_agg(distinct date_bin(%L, t.%I, timestamptz %L)) from %s t where t.%2$I < %5$L and t.%2$I >= %6$L and %7$s',
                   step, r.bucket_column, '2000-01-01 00:00:00+00', r.target, newest,
                   coalesce(r.expired_before, '-infinity'),
                   case when known is null then 'true' else format('t.%I = %L', r.tenant, known) end)
       into steps;
    steps := array(select distinct rollup.bucket_start(r.bucket, r.time_zone, s) from unnest(steps) s order by 1 desc);
    return case when newest > '-infinity' then steps || timestamptz '-infinity' else '{}' end;
end
$$;
comment on function rollup_internal.measure_backfill_steps(text, interval, text) is
    'Where the steps of a backfill of added measures begin, newest first: whole buckets, those '
    'with rows in them.';
