create or replace function rollup_internal.sync_family(family_id bigint)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    f rollup_internal.families;
    new_function text := format('rollup_internal.run_family_%s', family_id);
    source regclass;
begin
    select * into strict f from rollup_internal.families where id = family_id;
    select min(r.source::oid)::regclass into source
      from rollup_internal.rollups r where r.family = family_id having count(*) > 1;
    if source is null then
        new_function := null;
    end if;
    if source is not null and rollup_internal.is_distributed(source) then
        perform rollup_internal.sync_batch_table(family_id);
    else
        perform rollup_internal.drop_batch_table(family_id);
    end if;
    if f.function_name is distinct from new_function then
        update rollup_internal.families set function_name = new_function where id = family_id;
        if new_function is null then
            perform rollup_internal.drop_generated_function(f.function_name);
        end if;
    end if;
    if new_function is not null then
        perform rollup_internal.create_generated_function(
            rollup_internal.family_function_text(family_id, new_function), new_function,
            format('Counts new events of %s into all rollups of family %s; see rollup.run_family.', source, family_id));
    end if;
end
$$;
comment on function rollup_internal.sync_family(bigint) is 'Makes, replaces or removes a family''s function.';
