create or replace function rollup.maintain_tables()
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    relation regclass;
    message text;
begin
    if rollup.extension_schema('pg_partman') is null
       and not exists (select from rollup.rollups r where r.partition_interval is not null) then
        raise exception using
            errcode = 'undefined_object',
            message = 'pg_partman is not installed in this database',
            hint = 'create extension pg_partman';
    end if;
    for relation in
        select distinct r.source from rollup.rollups r join pg_partitioned_table p on p.partrelid = r.source
    loop
        perform rollup.drain_default(relation);
        perform rollup.note_source(relation);
    end loop;
    -- A long run, or a long query on one rollup, must not cost the others what was made for them; four
    -- partitions are ahead, and the next call tries again.
    for relation in
        select r.target from rollup.rollups r join pg_partitioned_table p on p.partrelid = r.target order by r.id
    loop
        begin
            perform rollup.drain_default(relation);
        exception when lock_not_available then
            get stacked diagnostics message = message_text;
            raise warning using message = format('no partitions were made for %s: %s', relation, message);
        end;
    end loop;
end
$$;
comment on function rollup.maintain_tables() is 'Internal. What rollup.maintain_partitions does.';
