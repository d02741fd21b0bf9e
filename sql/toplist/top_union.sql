-- Called for every row that an upsert merges, usually with a long stored list and a short new one. The long list
-- is unpacked and copied once, and looked up only for the items of the short one. An item and its number take at
-- least 15 bytes, so most lists need not be counted. The topn extension's own function sets up a table of counters
-- for each call: as fast for a dozen items, four times slower for five hundred.
--
-- plan_cache_mode is set because under that of the caller (rollup_internal.function_settings) the query would be
-- planned again for every row.
create or replace function rollup_internal.top_union(list jsonb, list2 jsonb, counters int)
    returns jsonb
    language plpgsql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
declare
    unpacked jsonb;
    joined jsonb;
begin
    if list is null or list2 is null then
        return coalesce(list, list2);
    end if;
    unpacked := list || '{}';
    joined := unpacked || (list2 || coalesce((
        select jsonb_object_agg(p.key, p.value::numeric + (unpacked -> p.key)::numeric)
          from jsonb_each(list2) p
         where unpacked ? p.key), '{}'));
    return case
        when pg_column_size(joined) < 15 * counters::bigint
          or jsonb_array_length(jsonb_path_query_array(joined, '$.*')) <= counters then joined
        else rollup_internal.top_truncate(joined, counters)
    end;
end
$$;
comment on function rollup_internal.top_union(jsonb, jsonb, int) is
    'The union of two top lists, truncated to a number of items.';
