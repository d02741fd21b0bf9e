do $$
begin
    if pg_catalog.to_regtype('rollup_internal.measure_column') is null then
        create type rollup_internal.measure_column as (
            column_name text,
            column_type text,
            expression  text,
            merge       text,
            combine     text,
            differs     text,
            display     text,
            shown       json,
            neutral     json,
            settings    jsonb,
            tolerance   text,
            of_few      text,
            metrics     json
        );
    elsif not exists (select from pg_catalog.pg_attribute a
                       where a.attname = 'metrics'
                         and a.attrelid = (select t.typrelid from pg_catalog.pg_type t
                                            where t.oid = 'rollup_internal.measure_column'::regtype)) then
        alter type rollup_internal.measure_column add attribute metrics json;
    end if;
end
$$;
comment on type rollup_internal.measure_column is
    'A column that holds a measure, or one of several that do: see rollup_internal.measure_columns.';
