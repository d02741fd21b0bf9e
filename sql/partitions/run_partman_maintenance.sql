-- pg_partman names partitions, and counts days, by the session's time zone: where that differs from
-- the one they were made in, a name is taken already and the partition is left out without a word.
-- It knows tables by names as they are written without quotes where none are needed.
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
comment on function rollup_internal.run_partman_maintenance(regclass) is 'Has pg_partman make a source''s coming partitions.';
