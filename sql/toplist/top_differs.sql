-- A list with fewer items than counters is exact, so two such lists must be equal. A full list may have lost items
-- and counts to pruning, so its counts may only be too low. If the expected list was truncated only once, as with
-- weights, a missing item has at most the smallest value of the list.
create or replace function rollup_internal.top_differs(counted jsonb, expected jsonb, counters int, cut_once boolean default false)
    returns boolean
    language plpgsql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
begin
    if coalesce(counted, '{}') = coalesce(expected, '{}') then
        return false;
    end if;
    return counted is null or expected is null
        or greatest((select count(*) from jsonb_object_keys(counted)),
                    (select count(*) from jsonb_object_keys(expected))) < counters
        or exists (select from jsonb_each_text(counted) c join jsonb_each_text(expected) e using (key)
                    where c.value::numeric > e.value::numeric)
        or cut_once and exists (
               select from jsonb_each_text(counted) c
                where not expected ? c.key
                  and c.value::numeric > coalesce((
                      select min(e.value::numeric) from jsonb_each_text(expected) e
                       where e.value::numeric >= 0 having count(*) >= counters), '-infinity'));
end
$$;
comment on function rollup_internal.top_differs(jsonb, jsonb, int, boolean) is
    'Whether two TopN lists disagree by more than pruning to a number of counters explains.';
