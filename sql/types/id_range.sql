do $$
begin
    if pg_catalog.to_regtype('rollup_internal.id_range') is null then
        create type rollup_internal.id_range as (
            rollups    text[],
            node_group int,
            after_id   bigint,
            through_id bigint,
            step       text
        );
    end if;
end
$$;
comment on type rollup_internal.id_range is
    'A range of ids of one node group, above after_id, up to and including through_id, and the rollups that have '
    'not counted it. A step other than NULL does not count it: see rollup_internal.divide_failed.';
