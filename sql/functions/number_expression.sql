-- The rows of a group are combined as a run combines those of a batch (see rollup.measure_parts), with
-- "(only row)" false for all; what is a sketch becomes how many values it stands for.
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup.number_expression(r rollup.rollups, measure text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    spec json := r.measures -> measure;
    combine text;
    column_type text;
begin
    if spec is null then
        raise exception using
            errcode = 'undefined_column',
            message = format('rollup %I has no measure %I', r.name, measure),
            hint = 'There are: ' || (select string_agg(k, ', ') from json_object_keys(r.measures) k);
    end if;
    select format(p.combine, quote_ident(measure)), p.column_type into combine, column_type
      from rollup.measure_parts(r.source, measure, spec) p;
    if spec ->> 'distinct' is not null then
        return format('round(coalesce(%I.hll_cardinality(%s), 0))::numeric', rollup.extension_schema('hll'), combine);
    elsif column_type::regtype not in ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype, 'numeric'::regtype,
                                       'real'::regtype, 'double precision'::regtype) then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('measure %I of rollup %I is no number but %s', measure, r.name, column_type);
    elsif spec ->> 'count' is not null or spec ->> 'sum' is not null then
        return format('coalesce(%s, 0)::numeric', combine);
    end if;
    return format('(%s)::numeric', combine);
end
$$;
comment on function rollup.number_expression(rollup.rollups, text) is
    'Internal. The aggregate that unites a measure over rows of a rollup''s table and answers a plain number.';
reset citus.enable_ddl_propagation;
