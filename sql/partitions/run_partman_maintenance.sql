-- pg_partman derives names of partitions and lengths of days from the session's time zone. If that differs from
-- the one used before, the name of a new partition may be taken and the partition is skipped silently. pg_partman
-- identifies tables by names with quotes only where necessary.
create or replace function rollup_internal.run_partman_maintenance(source regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
begin
    execute format('select %I.run_maintenance(p_parent_table => parent_table)
                      from %1$I.part_config where parent_table = $1', rollup_internal.extension_schema('pg_partman'))
      using source::text;
end
$$;
comment on function rollup_internal.run_partman_maintenance(regclass) is
    'Has pg_partman create a source''s upcoming partitions.';
