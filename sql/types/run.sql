do $$
begin
    if pg_catalog.to_regtype('rollup.run') is null then
        create type rollup.run as (
            rollups    text[],
            status     text,
            started_at timestamptz,
            as_of      timestamptz,
            spans      rollup.span[],
            events     bigint[],
            rows       bigint[],
            more       boolean
        );
    end if;
end
$$;
comment on type rollup.run is 'A run under way: its rollups, the time up to which it counts all that was committed, the spans of ids it counts, and what it has counted so far for each rollup.';
