-- The current bucket ends at an unknown later event, so there is no upper bound.
create or replace function rollup.current_numbers(
    rollup_name text, tenant text default null, buckets int default 1, max_rows int default 20,
    out groups json, out numbers json)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
#variable_conflict use_variable
declare
    r rollup_internal.rollups;
    columns rollup_internal.target_column[];
    range_from timestamptz;
    keys text[];
    combined text;
    formulas text;
    first_number text;
begin
    r := rollup_internal.get_rollup(rollup_name);
    if tenant is not null and r.tenant is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('rollup %I has no tenants', rollup_name);
    end if;
    range_from := rollup.bucket_start(r.bucket, r.time_zone, now());
    for n in 2..least(buckets, 1000) loop
        range_from := rollup.bucket_start(r.bucket, r.time_zone, range_from - interval '1 microsecond');
    end loop;
    -- Without a tenant, one row for each tenant: those with the most events are of interest.
    columns := rollup_internal.columns_of(r);
    keys := array(select quote_ident(c.column_name) from unnest(columns) c
                   where c.role = case when tenant is null and r.tenant is not null then 'tenant' else 'dimension' end);
    select string_agg(format(c.combine, quote_ident(c.column_name)) || format(' as %I', c.column_name), ', ')
      into combined
      from unnest(columns) c where c.role = 'measure';
    select string_agg(format('%L, %s', k.key, format(k.value, 't')), ', ' order by c.ordinality, k.position),
           (array_agg(format(k.value, 't') order by c.ordinality, k.position))[1]
      into formulas, first_number
      from unnest(columns) with ordinality c
     cross join json_each_text(c.shown) with ordinality k (key, value, position);
    return query execute rollup_internal.fill_template(
        $text$select json_build_object({groups}), json_build_object({formulas})
  from (select {keys}{combined}
          from {view}
         where {condition}
        having count(*) > 0) t
 order by {first_number} desc nulls last
 limit {max_rows}$text$,
        jsonb_build_object(
            'groups', coalesce((select string_agg(format('%L, t.%s', (parse_ident(k))[1], k), ', ' order by n)
                                  from unnest(keys) with ordinality x (k, n)), ''),
            'formulas', formulas,
            'keys', coalesce(array_to_string(keys, ', ') || ', ', ''),
            'combined', combined,
            'view', rollup_internal.view_name(r.target, 'live'),
            'condition', concat_ws(' and ', format('%I >= %L', r.bucket_column, range_from),
                                   rollup_internal.tenant_condition(r, tenant))
                         || coalesce(E'\n         group by ' || nullif(array_to_string(keys, ', '), ''), ''),
            'first_number', first_number,
            'max_rows', max_rows));
end
$$;
comment on function rollup.current_numbers(text, text, int, int) is
    'The numbers of the current bucket and those before it, with the events that are not counted yet: one row for each '
    'tenant or, with a tenant, for each combination of dimensions, the largest first measure first.';
