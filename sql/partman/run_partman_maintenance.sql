-- pg_partman derives names of partitions and lengths of days from the session's time zone. If that differs from
-- the one used before, the name of a new partition may be taken and the partition is skipped silently. pg_partman
-- identifies tables by names with quotes only where necessary.
--
-- pg_partman creates partitions up to the latest row of the default partition, unless it is told to ignore those rows:
-- one event of a device with a fast clock would have it create thousands.
create or replace function rollup_internal.run_partman_maintenance(source regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    config constant text := format('%I.part_config', rollup_internal.extension_schema('pg_partman'));
    follows_default boolean;
begin
    execute format('select (to_jsonb(c) -> ''ignore_default_data'')::boolean is false from %s c where parent_table = $1', config)
       into follows_default using source::text;
    follows_default := follows_default and rollup_internal.partition_column(source) is not null
                       and has_table_privilege(config, 'update');
    if follows_default then
        execute format('update %s set ignore_default_data = true where parent_table = $1', config) using source::text;
    end if;
    execute format('select %I.run_maintenance(p_parent_table => parent_table) from %s where parent_table = $1',
                   rollup_internal.extension_schema('pg_partman'), config) using source::text;
    if follows_default then
        execute format('update %s set ignore_default_data = false where parent_table = $1', config) using source::text;
    end if;
end
$$;
comment on function rollup_internal.run_partman_maintenance(regclass) is
    'Has pg_partman maintain a source.';
