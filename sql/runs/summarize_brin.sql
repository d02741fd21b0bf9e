-- BRIN indexes only summarized blocks; a scan reads all others. Autovacuum summarizes them eventually, but
-- discards requests when a bulk load makes too many. A run that has counted many events therefore summarizes them,
-- otherwise every run would read the whole load again.
--
-- A table that is being vacuumed is skipped, because vacuum summarizes it.
create or replace function rollup_internal.summarize_brin(source regclass)
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '100ms'
as $$
declare
    tables regclass[];
    brin_index regclass;
    ranges bigint := 0;
begin
    if rollup_internal.is_distributed(source) then
        tables := array(select s from rollup_internal.local_shards(source) s);
    else
        tables := array(select source union all select relid from pg_partition_tree(source));
    end if;
    for brin_index in
        select i.indexrelid
          from pg_index i
          join pg_class x on x.oid = i.indexrelid and x.relkind = 'i'
          join pg_class t on t.oid = i.indrelid
          join pg_am m on m.oid = x.relam and m.amname = 'brin'
         where i.indrelid = any (tables) and i.indisvalid and pg_has_role(t.relowner, 'usage')
    loop
        begin
            ranges := ranges + brin_summarize_new_values(brin_index);
        exception when lock_not_available then
            null;
        end;
    end loop;
    return ranges;
end
$$;
comment on function rollup_internal.summarize_brin(regclass) is
    'Summarizes the new blocks in the BRIN indexes of a source on this node; returns the number of block ranges.';
