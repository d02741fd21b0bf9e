-- A restart of a sequence (TRUNCATE … RESTART IDENTITY, ALTER SEQUENCE … RESTART) gives it another file; setval and
-- nextval keep it, and so do a failover and pg_upgrade. ALTER SEQUENCE also changes the file when it changes a
-- parameter. After a dump and restore the oid is another one.
create or replace function rollup_internal.sequence_state(sequence regclass)
    returns jsonb
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
begin atomic
    select pg_catalog.jsonb_build_object(
               'oid', s.seqrelid::bigint,
               'file', pg_catalog.pg_relation_filenode(s.seqrelid)::bigint,
               'parameters', pg_catalog.jsonb_build_array(s.seqtypid::bigint, s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
                                                          s.seqcache, s.seqcycle))
      from pg_catalog.pg_sequence s
     where s.seqrelid = sequence;
end;
comment on function rollup_internal.sequence_state(regclass) is
    'What identifies the storage of a sequence on this node: oid, file and parameters.';
