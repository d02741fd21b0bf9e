do $$
begin
    if pg_catalog.to_regtype('rollup.run') is null then
        create type rollup.run as (
            rollup     text,
            status     text,
            started_at timestamptz,
            spans      rollup.span[],
            events     bigint,
            rows       bigint,
            more       boolean
        );
    end if;
end
$$;
comment on type rollup.run is 'A run under way: what it counts and has counted so far.';
