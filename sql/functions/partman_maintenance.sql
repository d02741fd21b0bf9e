create or replace function rollup.partman_maintenance(source regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('select %I.run_maintenance(p_parent_table => parent_table)
                      from %1$I.part_config where parent_table = $1', rollup.extension_schema('pg_partman'))
      using source::text;
end
$$;
comment on function rollup.partman_maintenance(regclass) is 'Internal. Has pg_partman make a source''s coming partitions.';
