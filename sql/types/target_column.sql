do $$
begin
    if pg_catalog.to_regtype('rollup_internal.target_column') is null then
        create type rollup_internal.target_column as (
            role        text,
            column_name name,
            column_type text,
            expression  text,
            merge       text,
            combine     text,
            differs     text,
            display     text,
            measure     text,
            shown       json,
            tolerance   text,
            of_few      text,
            metrics     json
        );
    end if;
end
$$;
comment on type rollup_internal.target_column is
    'A column of a rollup''s table, as rollup_internal.target_columns returns it, for functions that hand it on.';
