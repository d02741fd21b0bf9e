-- Reads the rollup once: buckets that get their first row later are counted with all measures from the start. The
-- last step stands for all older buckets, which have no rows.
create or replace function rollup_internal.measure_backfill_steps(rollup_name text, step interval, tenant text)
    returns timestamptz[]
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
    known_tenant constant text := rollup_internal.parse_tenant(r, tenant);
    newest timestamptz;
    steps timestamptz[];
begin
    perform rollup_internal.require_same_tables(r);
    if step is null or step <= interval '0' or extract(month from step) <> 0 or extract(year from step) <> 0 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('a step must be longer than zero, in days or less, not %L', step),
            hint = 'For example interval ''1 day''.';
    end if;
    select max(s.valid_since) into newest from rollup_internal.measures_complete_since(rollup_name, known_tenant) s;
    if newest is null or newest = '-infinity' then
        return '{}';
    end if;
    execute rollup_internal.fill_template(
        'select array_agg(s.start order by s.start desc)'
        ' from (select min(t.{bucket}) as start from {target} t where {condition}'
        ' group by date_bin({step}, t.{bucket}, timestamptz {origin})) s',
        jsonb_build_object(
            'step', quote_literal(step),
            'bucket', quote_ident(r.bucket_column),
            'origin', quote_literal('2000-01-01 00:00:00+00'),
            'target', r.target,
            'condition', rollup_internal.all_of(rollup_internal.rows_conditions(
                r, tstzrange(r.expired_before, null) * tstzrange(null, newest), known_tenant, 't'))))
       into steps;
    return steps || timestamptz '-infinity';
end
$$;
comment on function rollup_internal.measure_backfill_steps(text, interval, text) is
    'Starts of the steps of a backfill of added measures, newest first: whole buckets, only steps with rows.';
