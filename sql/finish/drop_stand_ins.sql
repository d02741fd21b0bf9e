-- If the topn extension is installed, its objects replace the stand-ins, which are dropped. Stored objects are
-- kept, because both use the same format. Either all are dropped or none: a user's view that uses one of them
-- needs the functions it calls. Stand-ins that are kept continue to work, after the extension's objects in
-- search_path.
do $$
declare
    users text;
begin
    if not exists (select from pg_catalog.pg_extension where extname = 'topn') then
        return;
    end if;
    begin
        drop operator if exists rollup_compat.+ (jsonb, jsonb);
        drop routine if exists
            rollup_compat.topn_add_agg(text),
            rollup_compat.topn_add_final(text[]),
            rollup_compat.topn_union_agg(jsonb),
            rollup_compat.topn_union_final(jsonb[]),
            rollup_compat.topn_add(jsonb, text),
            rollup_compat.topn_union(jsonb, jsonb),
            rollup_compat.topn(jsonb, integer),
            rollup_compat.topn_order(bigint[], integer),
            rollup_compat.topn_median(integer, bigint, integer, bigint, integer, bigint),
            rollup_compat.topn_merge(jsonb[], integer),
            rollup_compat.topn_count(text[], integer),
            rollup_compat.topn_stored_key(text),
            rollup_compat.topn_item_key(text),
            rollup_compat.topn_long_key(text),
            rollup_compat.topn_cut(text),
            rollup_compat.topn_counters(),
            rollup_compat.topn_checked_counters(text);
        drop type if exists rollup_compat.topn_record;
    exception when dependent_objects_still_exist then
        get stacked diagnostics users = pg_exception_detail;
        raise notice using
            message = 'the topn extension is here, but its stand-ins in schema rollup_compat are still used',
            detail = users,
            hint = 'Create again what uses them, so that it finds the extension, then install again.';
    end;
end
$$;
