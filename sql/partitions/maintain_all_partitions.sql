create or replace function rollup_internal.maintain_all_partitions()
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    relation regclass;
    message text;
begin
    if rollup_internal.extension_schema('pg_partman') is null
       and not exists (select from rollup_internal.rollups r where r.partition_interval is not null) then
        raise exception using
            errcode = 'undefined_object',
            message = 'pg_partman is not installed in this database',
            hint = 'create extension pg_partman';
    end if;
    for relation in
        select distinct r.source from rollup_internal.rollups r join pg_partitioned_table p on p.partrelid = r.source
    loop
        perform rollup_internal.drain_default_partition(relation);
        perform rollup_internal.record_source_history(relation);
    end loop;
    -- A long run or query on one rollup must not roll back the partitions of the others. Four partitions
    -- exist in advance, and the next call tries again.
    for relation in
        select r.target from rollup_internal.rollups r join pg_partitioned_table p on p.partrelid = r.target order by r.id
    loop
        begin
            perform rollup_internal.drain_default_partition(relation);
        exception when lock_not_available then
            get stacked diagnostics message = message_text;
            raise warning using message = format('no partitions were made for %s: %s', relation, message);
        end;
    end loop;
end
$$;
comment on function rollup_internal.maintain_all_partitions() is 'Implements rollup.maintain_partitions.';
