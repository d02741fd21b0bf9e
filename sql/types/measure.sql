do $$
begin
    if pg_catalog.to_regtype('rollup_internal.measure') is null then
        create type rollup_internal.measure as (
            source        regclass,
            time_column   name,
            id_column     name,
            name          text,
            kind          text,
            argument      text,
            argument_type text,
            condition     text
        );
    end if;
end
$$;
comment on type rollup_internal.measure is
    'A measure as passed to the function of its kind: source, name, kind, argument, the type of the argument '
    'once it is parsed, and the condition that events must meet, if any.';
