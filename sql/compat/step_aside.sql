-- Where the topn extension is installed its own objects are the ones to use: the stand-ins go, the
-- stored objects stay, since both write the same. Run after generated functions have been written
-- again, which name the schema they call. What a view of somebody's still uses is kept: it goes on
-- working, and comes after the extension's in search_path.
do $$
declare
    object text;
    kept text[];
begin
    if not exists (select from pg_catalog.pg_extension where extname = 'topn') then
        return;
    end if;
    -- users before what they use
    foreach object in array array[
        'aggregate rollup_compat.topn_add_agg(text)',
        'aggregate rollup_compat.topn_union_agg(jsonb)',
        'operator rollup_compat.+ (jsonb, jsonb)',
        'function rollup_compat.topn_add_final(text[])',
        'function rollup_compat.topn_union_final(jsonb[])',
        'function rollup_compat.topn_add(jsonb, text)',
        'function rollup_compat.topn_union(jsonb, jsonb)',
        'function rollup_compat.topn(jsonb, integer)',
        'type rollup_compat.topn_record',
        'function rollup_compat.topn_order(bigint[], integer)',
        'function rollup_compat.topn_median(integer, bigint, integer, bigint, integer, bigint)',
        'function rollup_compat.topn_merge(jsonb[], integer)',
        'function rollup_compat.topn_count(text[], integer)',
        'function rollup_compat.topn_stored_key(text)',
        'function rollup_compat.topn_item_key(text)',
        'function rollup_compat.topn_long_key(text)',
        'function rollup_compat.topn_cut(text)',
        'function rollup_compat.topn_counters()',
        'function rollup_compat.topn_checked_counters(text)'
    ] loop
        begin
            execute pg_catalog.format('drop %s', pg_catalog.regexp_replace(object, ' ', ' if exists '));
        exception when dependent_objects_still_exist then
            kept := kept || object;
        end;
    end loop;
    if kept is not null then
        raise notice using
            message = 'the topn extension is here, but something still uses its stand-ins',
            detail = pg_catalog.format('Kept: %s.', pg_catalog.array_to_string(kept, ', ')),
            hint = 'Create the views that use them again, then install again.';
    end if;
end
$$;
