-- As in the extension, only a new key can displace counters: adding to an existing key does not shrink an object
-- that was made with a larger setting.
create or replace function rollup_compat.topn_add(top_items jsonb, item text)
    returns jsonb
    language plpgsql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    key constant text := rollup_compat.topn_item_key(item);
begin
    if item is null then
        return coalesce(top_items, '{}');
    end if;
    return rollup_compat.topn_merge(
        array[top_items, jsonb_build_object(key, 1)],
        case when top_items ? key then null else rollup_compat.topn_counters() end);
end
$$;
comment on function rollup_compat.topn_add(jsonb, text) is
    'TopN. Counts one more item in a counter object, or in a new one if it is NULL.';
