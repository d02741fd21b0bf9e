-- A family of one needs no function of its own, because its member has one.
create or replace function rollup_internal.sync_family(family_id bigint)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    function_before constant text := (select f.function_name from rollup_internal.families f where f.id = family_id);
    members constant text[] := array(
        select rollup.family_members(min(r.name)) from rollup_internal.rollups r where r.family = family_id);
    new_function constant text := case when cardinality(members) > 1
        then format('rollup_internal.run_family_%s', family_id) end;
begin
    perform rollup_internal.sync_batch_table(family_id, members);
    if function_before is distinct from new_function then
        update rollup_internal.families set function_name = new_function where id = family_id;
        if new_function is null then
            perform rollup_internal.drop_generated_function(function_before);
        end if;
    end if;
    if new_function is not null then
        perform rollup_internal.create_generated_function(
            rollup_internal.counting_function_text(new_function, members, is_family => true),
            new_function,
            format('Counts new events into all rollups of family %s; see rollup.run_family.', family_id));
    end if;
    if members = '{}' then
        delete from rollup_internal.families where id = family_id;
    end if;
end
$$;
comment on function rollup_internal.sync_family(bigint) is
    'Creates, replaces or removes a family''s function and batch table, and removes a family without members.';
