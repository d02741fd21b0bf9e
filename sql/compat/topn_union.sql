-- Called for every row that an upsert meets, so the common case is kept cheap: where nothing is to
-- be cut and both objects are sound, they are concatenated whole and only the keys that both have
-- are summed. All else (too many counters, long keys, values that are no whole numbers) takes the
-- general way, which sorts every pair.
-- Immutable although it reads a setting, as the extension's own is: Citus takes nothing less in
-- ON CONFLICT DO UPDATE.
create or replace function rollup_compat.topn_union(top_items jsonb, top_items2 jsonb)
    returns jsonb
    language sql
    immutable
    strict
    parallel safe
    return case
        when jsonb_typeof(top_items) <> 'object' or jsonb_typeof(top_items2) <> 'object' then
            rollup_compat.topn_merge(array[top_items, top_items2], rollup_compat.topn_counters())
        else (
            select case
                when count(*) <= rollup_compat.topn_counters()
                     and coalesce(bool_and(octet_length(key) <= 255
                                           and jsonb_typeof(value) = 'number'
                                           and scale(value::numeric) = 0
                                           and value::numeric <= 9223372036854775807), true)
                then top_items || top_items2 || coalesce(
                         jsonb_object_agg(key, least(trunc((top_items -> key)::numeric) + value::numeric,
                                                     9223372036854775807))
                             filter (where top_items ? key and top_items2 ? key),
                         '{}')
                else rollup_compat.topn_merge(array[top_items, top_items2],
                                              rollup_compat.topn_counters())
                end
              from jsonb_each(top_items || top_items2)
        )
    end;
comment on function rollup_compat.topn_union(jsonb, jsonb) is
    'TopN. The union of two counter objects, cut to topn.number_of_counters.';

-- An operator knows neither OR REPLACE nor IF NOT EXISTS.
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
