-- Called for every row that an upsert merges, usually with a long stored list and a short new one. The long list
-- is unpacked and copied once, and looked up only for the items of the short one. An item and its number take at
-- least 15 bytes, so most lists need not be counted. The topn extension's own function sets up a table of counters
-- for each call: as fast for a dozen items, four times slower for five hundred.
--
-- A new list of one item, the most frequent, is merged by expressions that need no plan. A SET clause would take as long
-- as the merge, so every name is qualified instead.
create or replace function rollup_internal.top_union(list jsonb, list2 jsonb, counters int)
    returns jsonb
    language plpgsql
    immutable
    parallel safe
as $$
declare
    unpacked jsonb;
    joined jsonb;
    item text;
begin
    if list is null or list2 is null then
        return coalesce(list, list2);
    end if;
    unpacked := list operator(pg_catalog.||) '{}'::pg_catalog.jsonb;
    item := pg_catalog.jsonb_path_query_first(list2, '$.keyvalue().key'::pg_catalog.jsonpath) operator(pg_catalog.#>>) '{}'::pg_catalog.text[];
    if item is null then
        return unpacked;
    elsif list2 operator(pg_catalog.-) item operator(pg_catalog.=) '{}'::pg_catalog.jsonb then
        if unpacked operator(pg_catalog.?) item then
            joined := unpacked operator(pg_catalog.||) pg_catalog.jsonb_build_object(
                item, (unpacked operator(pg_catalog.->) item)::pg_catalog.numeric
                      operator(pg_catalog.+) (list2 operator(pg_catalog.->) item)::pg_catalog.numeric);
        else
            joined := unpacked operator(pg_catalog.||) list2;
        end if;
    else
        joined := rollup_internal.top_added(unpacked, list2);
    end if;
    return case
        when pg_catalog.pg_column_size(joined) operator(pg_catalog.<) (15 operator(pg_catalog.*) counters::pg_catalog.int8)
          or pg_catalog.jsonb_array_length(pg_catalog.jsonb_path_query_array(joined, '$.*'::pg_catalog.jsonpath)) operator(pg_catalog.<=) counters then joined
        else rollup_internal.top_truncate(joined, counters)
    end;
end
$$;
comment on function rollup_internal.top_union(jsonb, jsonb, int) is
    'The union of two top lists, truncated to a number of items.';
