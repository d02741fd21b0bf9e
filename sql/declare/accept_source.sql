create or replace function rollup.accept_source(rollup_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on
as $$
declare
    r rollup_internal.rollups;
begin
    perform rollup_internal.wait_for_run_lock(rollup_name);
    r := rollup_internal.get_rollup(rollup_name);
    update rollup_internal.rollups x
       set source_name = r.source::text,
           id_sequence = rollup.id_sequence(r.source, r.id_column),
           revision = x.revision + 1
     where x.name = rollup_name;
    perform rollup_internal.create_rollup_function(rollup_name);
    perform rollup_internal.sync_family(r.family);
    perform rollup_internal.create_views(rollup_name);
    return format('rollup %I counts %s', rollup_name, r.source);
end
$$;
comment on function rollup.accept_source(text) is
    'Lets a rollup continue with its source table under the table''s current name and schema.';
