-- What pg_partman needs called regularly, whatever schema it lives in and whichever version.
create or replace function rollup.maintain_partitions()
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    partman name := rollup.extension_schema('pg_partman');
    source regclass;
begin
    if partman is null then
        raise exception using
            errcode = 'undefined_object',
            message = 'pg_partman is not installed in this database',
            hint = 'create extension pg_partman';
    end if;
    for source in select distinct r.source from rollup.rollups r loop
        execute format('select %I.run_maintenance(p_parent_table => parent_table)
                          from %1$I.part_config where parent_table = $1', partman)
          using source::text;
    end loop;
end
$$;
comment on function rollup.maintain_partitions() is
    'Makes the coming partitions of every source that pg_partman looks after.';
