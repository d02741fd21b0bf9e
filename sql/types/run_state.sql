do $$
begin
    if pg_catalog.to_regtype('rollup_internal.run_state') is null then
        create type rollup_internal.run_state as (
            rollups    text[],
            status     text,
            started_at timestamptz,
            as_of      timestamptz,
            last_ids   jsonb,
            id_ranges  rollup_internal.id_range[],
            events     bigint[],
            rows       bigint[],
            more       boolean,
            from_time  timestamptz
        );
    end if;
end
$$;
comment on type rollup_internal.run_state is
    'A run in progress: its rollups, the time before which every committed event has an id up to last_ids (by '
    'node group), the id ranges it counts, what it has counted so far for each rollup, and a time before which no event '
    'of these ranges lies, NULL if it is not known.';
