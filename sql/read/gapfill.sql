-- The series is joined with the result of the query outside of it: Citus would push down neither the series nor
-- the functions that combine sketches. Stable, like rollup.query.
create or replace function rollup.gapfill(
    rollup_name text, measure text, range_from timestamptz, range_to timestamptz,
    tenant text default null, step interval default null, time_zone text default null,
    dimensions jsonb default null, live boolean default false)
    returns table (bucket timestamptz, value numeric)
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
#variable_conflict use_variable
declare
    grid constant timestamptz[] := rollup_internal.series_grid(rollup_name, range_from, range_to, step, time_zone);
    r rollup_internal.rollups;
    query_parts text;
    gone tstzmultirange;
    wrong text;
    places int[];
    numbers numeric[];
    wanted record;
    complete_from timestamptz;
begin
    select * into strict r from rollup_internal.rollups x where x.name = rollup_name;
    if tenant is not null and r.tenant is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('rollup %I has no tenants', rollup_name);
    end if;
    select d.key into wrong
      from jsonb_object_keys(dimensions) d (key)
     where not exists (select from rollup_internal.target_columns(r) c
                        where c.role = 'dimension' and c.column_name = d.key);
    if wrong is not null then
        raise exception using
            errcode = 'undefined_column',
            message = format('rollup %I has no dimension %I', rollup_name, wrong);
    end if;
    select string_agg(rollup_internal.query_part_text(rollup_name, p.rollup, p.part_from, p.part_to, tenant, live),
                      E'\nunion all\n'),
           range_agg(tstzrange(p.part_from, p.part_to)) filter (where p.rollup is null)
      into query_parts, gone
      from rollup.parts(rollup_name, grid[1], grid[cardinality(grid)], live, grid) p;
    select * into wanted from rollup_internal.number_formula(r, measure);
    complete_from := (select s.valid_since
                        from rollup_internal.measures_complete_since(rollup_name, tenant) s
                       where s.measure = wanted.measure);
    if query_parts is not null then
        execute rollup_internal.fill_template(
            $text$with q as materialized (
    select * from ({query_parts}) p where {condition}
)
select array_agg(t."(place)"), array_agg({formula})
  from (select width_bucket({bucket}, {grid}::timestamptz[]) as "(place)", {combined} from q group by 1) t$text$,
            jsonb_build_object(
                'query_parts', query_parts,
                'condition', rollup_internal.all_of(array(
                    select format('%I is not distinct from %L', d.key, d.value) from jsonb_each_text(dimensions) d)),
                'formula', wanted.formula,
                'bucket', quote_ident(r.bucket_column),
                'grid', quote_literal(grid),
                'combined', wanted.combined))
           into places, numbers;
    end if;
    return query
        select grid[n],
               case when tstzrange(grid[n], grid[n + 1]) && gone or grid[n] < complete_from then null
                    else coalesce(x.number, wanted.nothing) end
          from generate_series(1, cardinality(grid) - 1) n
          left join unnest(places, numbers) x (place, number) on x.place = n
         order by n;
end
$$;
comment on function rollup.gapfill(text, text, timestamptz, timestamptz, text, interval, text, jsonb, boolean) is
    'A measure, or another number in a rollup''s view of plain numbers, as a series for a chart: one value for '
    'every bucket that a range touches, or for every step (of whole buckets; with time_zone of whole days or '
    'months), over all dimensions, or filtered with dimensions => ''{"country": "de"}''. Without events, counts '
    'and sums are 0 and other measures NULL; NULL also where rows have expired or the measure is not filled in '
    'yet.';
