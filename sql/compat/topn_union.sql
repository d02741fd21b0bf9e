-- A hand-written upsert calls this for every row (generated ones call rollup.top_union), so the common case is
-- fast: if nothing is truncated and both objects are valid, they are concatenated, and only common keys are
-- summed. All other cases (too many counters, long keys, values that are not integers) take the general path,
-- which sorts every pair.
--
-- Immutable although it reads a setting, like the extension's function: Citus requires this in ON CONFLICT DO
-- UPDATE.
create or replace function rollup_compat.topn_union(top_items jsonb, top_items2 jsonb)
    returns jsonb
    language plpgsql
    immutable
    strict
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    counters constant integer := rollup_compat.topn_counters();
    joined constant jsonb := top_items || top_items2;
    -- paths, because a query over the pairs costs more than all the rest
    frequencies constant jsonb := jsonb_path_query_array(top_items, '$.*')
                               || jsonb_path_query_array(top_items2, '$.*');
    -- no less than all keys together have, and seldom more than one key may have
    key_bytes constant integer := octet_length(top_items::text) + octet_length(top_items2::text)
                                  - octet_length(frequencies::text);
begin
    if jsonb_typeof(joined) <> 'object'
       or jsonb_array_length(frequencies) > counters
       or frequencies::text !~ '^[[]([0-9]{1,18}, )*[0-9]{0,18}[]]$'
       or key_bytes > 255 and (select max(octet_length(key)) > 255 from jsonb_object_keys(joined) key)
    then
        return rollup_compat.topn_merge(array[top_items, top_items2], counters);
    end if;

    if jsonb_array_length(jsonb_path_query_array(joined, '$.*')) = jsonb_array_length(frequencies) then
        return joined;
    end if;

    return joined || (
        select jsonb_object_agg(key, (top_items -> key)::bigint + value::bigint)
          from jsonb_each(top_items2)
         where top_items ? key);
end
$$;
comment on function rollup_compat.topn_union(jsonb, jsonb) is
    'TopN. The union of two counter objects, cut to topn.number_of_counters.';

-- CREATE OPERATOR supports neither OR REPLACE nor IF NOT EXISTS.
do $$
begin
    if pg_catalog.to_regoperator('rollup_compat.+ (jsonb, jsonb)') is null then
        create operator rollup_compat.+ (
            leftarg = jsonb,
            rightarg = jsonb,
            function = rollup_compat.topn_union,
            commutator = operator(rollup_compat.+)
        );
    end if;
end
$$;
comment on operator rollup_compat.+ (jsonb, jsonb) is
    'TopN. The union of two counter objects: topn_union.';
