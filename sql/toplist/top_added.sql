-- plan_cache_mode is set because under that of the caller (rollup_internal.function_settings) the query would be
-- planned again for every row.
create or replace function rollup_internal.top_added(list jsonb, list2 jsonb)
    returns jsonb
    language plpgsql
    immutable
    strict
    parallel safe
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
begin
    return list || (list2 || coalesce((
        select jsonb_object_agg(p.key, p.value::numeric + (list -> p.key)::numeric)
          from jsonb_each(list2) p
         where list ? p.key), '{}'));
end
$$;
comment on function rollup_internal.top_added(jsonb, jsonb) is
    'The items of two top lists, with the sums of their numbers.';
