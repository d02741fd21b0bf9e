-- Sketches are united and numbers calculated from the united sketch, so that distinct counts and quantiles are never
-- added. Rows are put together as rollup.query does, and combined outside of that query, because Citus pushes down
-- neither the functions that combine sketches nor groups of all shards.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.query_text(
    rollup_name text, range_from timestamptz, range_to timestamptz, names text[],
    asked_tenant text default null, dimensions text[] default '{}', filters jsonb default '{}',
    grid timestamptz[] default null, live boolean default true)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
    tenant constant text := rollup_serve.require_tenant(asked_tenant);
    missing tstzmultirange;
    query_parts text;
    fields rollup_serve.fields[];
    wrong record;
    combined text;
    formulas text;
begin
    if tenant is not null and r.tenant is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('rollup %s has no sites', r.name);
    end if;
    fields := array(select f from rollup_serve.fields_of(r) f);
    select x.role, x.name into wrong
      from (select 'dimension', unnest(dimensions)
            union all select 'dimension', jsonb_object_keys(filters)
            union all select 'measure', unnest(names)) x (role, name)
     where not exists (select from unnest(fields) f where f.role = x.role and f.name = x.name)
     limit 1;
    if found then
        raise exception using
            errcode = 'undefined_column',
            message = format('rollup %s has no %s %s', r.name, wrong.role, wrong.name),
            hint = coalesce((select format('There are: %s.', string_agg(f.name, ', ' order by f.place))
                               from unnest(fields) f where f.role = wrong.role), 'There are none.');
    end if;

    select string_agg(rollup_internal.query_part_text(r.name, p.rollup, p.part_from, p.part_to, tenant, live),
                      E'\nunion all\n'),
           range_agg(tstzrange(p.part_from, p.part_to)) filter (where p.rollup is null)
      into query_parts, missing
      from rollup.parts(r.name, range_from, range_to, live, grid) p;
    if query_parts is null then
        query_parts := format('select * from %s where false', r.target);
    end if;

    select string_agg(distinct f.combined, ', '),
           string_agg(case f.type when 'number' then format('(%s)::numeric as %I', f.formula, f.name)
                                  else format('%s as %I', f.formula, f.name) end, ', ' order by w.place)
      into combined, formulas
      from unnest(names) with ordinality w (name, place)
      join unnest(fields) f using (name)
     where f.role = 'measure';

    return rollup_internal.fill_template(
        $text$with q as materialized (
select * from (
{query_parts}) p
 where {condition})
select {keys}{formulas}
  from (select {group_keys}{combined}
          from q{groups}) t$text$,
        jsonb_build_object(
            'keys', concat(case when grid is not null then 't."(place)", ' end,
                           (select string_agg(format('t.%I, ', d), '') from unnest(dimensions) d)),
            'formulas', formulas,
            'group_keys', concat(case when grid is not null then
                                     format('width_bucket(%I, %L::timestamptz[]) as "(place)", ', r.bucket_column, grid) end,
                                 (select string_agg(format('%I, ', d), '') from unnest(dimensions) d)),
            'combined', combined,
            'query_parts', query_parts,
            'condition', rollup_internal.all_of(array(
                select format('%I::text is not distinct from %L', f.key, f.value) from jsonb_each_text(filters) f)),
            'groups', case when grid is not null or dimensions <> '{}' then concat(E'\n         group by ', concat_ws(
                          ', ', case when grid is not null then '1' end,
                          (select string_agg(quote_ident(d), ', ') from unnest(dimensions) d))) else '' end));
end
$$;
comment on function rollup_serve.query_text(text, timestamptz, timestamptz, text[], text, text[], jsonb, timestamptz[], boolean) is
    'SQL that answers a question about a rollup: numbers over a range, by dimensions and, with a grid, by step.';
reset citus.enable_ddl_propagation;
