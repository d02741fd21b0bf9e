-- Every column of a rollup's table, in the order in which they are made: the one description
-- that the table, its function, its checks and its repairs are all written from.
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup.target_columns(
    r rollup.rollups,
    out role text, out column_name name, out column_type text, out expression text, out merge text, out combine text, out differs text, out display text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    dimension text;
    measure record;
    parts text[];
begin
    if r.tenant is not null then
        role := 'tenant';
        column_name := r.tenant;
        expression := quote_ident(r.tenant);
        column_type := rollup.expression_type(r.source, expression);
        return next;
    end if;

    role := 'bucket';
    column_name := r.bucket_column;
    column_type := 'timestamp with time zone';
    expression := rollup.bucket_expression(r.bucket, r.time_zone, quote_ident(r.time_column));
    return next;

    foreach dimension in array r.dimensions loop
        role := 'dimension';
        parts := regexp_match(dimension, '^(.+)\s+as\s+(\w+|"([^"]|"")+")\s*$', 'i');
        if parts is null then
            column_name := dimension;
            expression := quote_ident(dimension);
        else
            column_name := (parse_ident(parts[2]))[1];
            expression := '(' || parts[1] || ')';
        end if;
        column_type := rollup.expression_type(r.source, expression);
        return next;
    end loop;

    for measure in select * from json_each(r.measures) loop
        role := 'measure';
        column_name := measure.key;
        select p.column_type, p.expression, p.merge, p.combine, p.differs, p.display
          into column_type, expression, merge, combine, differs, display
          from rollup.measure_parts(r.source, measure.key, measure.value) p;
        return next;
    end loop;
end
$$;
comment on function rollup.target_columns(rollup.rollups) is
    'Internal. Columns of a rollup''s table: role (tenant, bucket, dimension, measure), name, type, '
    'expression over events and, for measures, how old and new values merge, rows of a batch combine, and two values are compared and shown.';
reset citus.enable_ddl_propagation;
