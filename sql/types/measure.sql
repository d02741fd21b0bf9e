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
comment on type rollup_internal.measure is 'A measure as its kind is given it: where its events are, its name, its kind, what is measured, the type of that once it is parsed, and the condition an event must meet, if there is one.';
