create or replace function rollup.run_family(
    member text, max_events bigint default null)
    returns table (rollup text, status text, events bigint, rows bigint, more boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    family_function text := (select f.function_name
                               from rollup_internal.rollups r join rollup_internal.families f on f.id = r.family
                              where r.name = member);
begin
    if family_function is not null then
        return query execute format('select * from %s($1)', family_function) using max_events;
        return;
    end if;
    perform rollup.run(member, max_events) where not exists (select from rollup.family_members(member));
    return query
        select m, one.* from rollup.family_members(member) m cross join lateral rollup.run(m, max_events) one;
end
$$;
comment on function rollup.run_family(text, bigint) is
    'As rollup.run, for a rollup and all others that differ from it only in their bucket: their new events are '
    'read once. Returns one row for each rollup.';
