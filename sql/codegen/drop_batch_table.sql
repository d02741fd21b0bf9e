create or replace function rollup_internal.drop_batch_table(family_id bigint)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set citus.multi_shard_modify_mode = sequential
as $$
begin
    if to_regclass(format('rollup_internal.batch_%s', family_id)) is not null then
        execute format('drop table rollup_internal.batch_%s', family_id);
    end if;
end
$$;
comment on function rollup_internal.drop_batch_table(bigint) is 'Removes a family''s batch table, if it has one.';
