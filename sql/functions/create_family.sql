create or replace function rollup.create_family(family_id bigint)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    f rollup.families;
    new_function text := format('rollup.run_family_%s', family_id);
    source regclass;
begin
    select * into strict f from rollup.families where id = family_id;
    select min(r.source::oid)::regclass into source
      from rollup.rollups r where r.family = family_id having count(*) > 1;
    if source is null then
        new_function := null;
    end if;
    if source is not null and rollup.is_distributed(source) then
        perform rollup.create_batch_table(family_id);
    else
        perform rollup.drop_batch_table(family_id);
    end if;
    if f.function_name is distinct from new_function then
        update rollup.families set function_name = new_function where id = family_id;
        if new_function is null then
            perform rollup.drop_function(f.function_name);
        end if;
    end if;
    if new_function is not null then
        perform rollup.create_coordinator_function(
            rollup.family_function_text(family_id, new_function), new_function,
            format('Counts new events of %s into all rollups of family %s; see rollup.run_family.', source, family_id));
    end if;
end
$$;
comment on function rollup.create_family(bigint) is 'Internal. Makes, replaces or removes a family''s function.';
