create or replace function rollup.maintain_sources()
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    source regclass;
begin
    if rollup.extension_schema('pg_partman') is null then
        raise exception using
            errcode = 'undefined_object',
            message = 'pg_partman is not installed in this database',
            hint = 'create extension pg_partman';
    end if;
    for source in
        select distinct r.source from rollup.rollups r join pg_partitioned_table p on p.partrelid = r.source
    loop
        perform rollup.drain_default(source);
        perform rollup.note_source(source);
    end loop;
end
$$;
comment on function rollup.maintain_sources() is 'Internal. What rollup.maintain_partitions does.';
