-- As in the extension, only a new key can push counters out: adding to one that is there leaves an
-- object made under a larger setting as large as it is.
create or replace function rollup_compat.topn_add(top_items jsonb, item text)
    returns jsonb
    language sql
    immutable
    parallel safe
    return case
        when item is null then coalesce(top_items, '{}')
        else rollup_compat.topn_merge(
            array[top_items, jsonb_build_object(rollup_compat.topn_item_key(item), 1)],
            case when top_items ? rollup_compat.topn_item_key(item) then null
                 else rollup_compat.topn_counters() end)
    end;
comment on function rollup_compat.topn_add(jsonb, text) is
    'TopN. Counts one more item in a counter object, or in a new one when that is NULL.';
