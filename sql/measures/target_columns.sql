-- Every column of a rollup's table, in the order of creation: the single description from which the table, its
-- function, its checks and its repairs are generated.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.target_columns(
    r rollup_internal.rollups,
    out role text, out column_name name, out column_type text, out expression text, out merge text, out combine text,
    out differs text, out display text, out measure text, out shown json, out tolerance text,
    out of_few text, out metrics json)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    dimension text;
    declared record;
    part record;
    parts text[];
begin
    if r.tenant is not null then
        role := 'tenant';
        column_name := r.tenant;
        expression := quote_ident(r.tenant);
        column_type := rollup_internal.expression_type(r.source, expression);
        return next;
    end if;

    role := 'bucket';
    perform rollup_internal.validate_name_length(r.bucket_column);
    column_name := r.bucket_column;
    column_type := 'timestamp with time zone';
    expression := rollup_internal.bucket_expression(r.bucket, r.time_zone, quote_ident(r.time_column));
    return next;

    foreach dimension in array r.dimensions loop
        role := 'dimension';
        parts := regexp_match(dimension, '^(.+)[[:space:]]+as[[:space:]]+([[:alnum:]_]+|"([^"]|"")+")[[:space:]]*$', 'i');
        if parts is null then
            column_name := dimension;
            expression := quote_ident(dimension);
            column_type := rollup_internal.expression_type(r.source, expression);
        else
            perform rollup_internal.validate_name_length((parse_ident(parts[2]))[1]);
            column_name := (parse_ident(parts[2]))[1];
            expression := '(' || parts[1] || ')';
            column_type := rollup_internal.expression_type(r.source, expression);
            perform rollup_internal.expression_type(r.source, parts[1]);  -- without parentheses that it could close
        end if;
        return next;
    end loop;

    role := 'measure';
    for declared in select * from json_each(r.measures) loop
        for part in select * from rollup_internal.measure_columns(r, declared.key, declared.value) loop
            perform rollup_internal.validate_name_length(part.column_name);
            perform rollup_internal.validate_name_length(k) from json_object_keys(part.shown) k;
            column_name := part.column_name;
            column_type := part.column_type;
            expression := part.expression;
            merge := part.merge;
            combine := part.combine;
            differs := part.differs;
            display := part.display;
            measure := declared.key;
            shown := part.shown;
            tolerance := part.tolerance;
            of_few := part.of_few;
            metrics := part.metrics;
            return next;
        end loop;
    end loop;
end
$$;
comment on function rollup_internal.target_columns(rollup_internal.rollups) is
    'Columns of a rollup''s table: role (tenant, bucket, dimension, measure), name, type, expression over events '
    'and, for measures, how old and new values are merged, rows of a batch combined, and two values compared and '
    'displayed, the measure it belongs to, its numbers in the view of plain numbers, its tolerance, and the '
    'expression for groups of few events.';
reset citus.enable_ddl_propagation;
