-- With a cache, a session could insert ids long after higher ones were counted; with CYCLE, ids would be handed
-- out again; and counting begins above 0. (ALTER SEQUENCE makes every session discard its cached ids.)
create or replace function rollup_internal.last_issued_id(sequence regclass)
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    s pg_sequence;
begin
    select * into strict s from pg_sequence where seqrelid = sequence;
    if s.seqcache <> 1 or s.seqincrement < 1 or s.seqmin < 1 or s.seqcycle then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('sequence %s must hand out ids one by one and upwards', sequence),
            detail = format('It has cache %s, increment %s, minimum %s and %s.', s.seqcache, s.seqincrement,
                            s.seqmin, case when s.seqcycle then 'cycles' else 'does not cycle' end),
            hint = format('alter sequence %s cache 1 increment 1 minvalue %s no cycle', sequence, greatest(s.seqmin, 1));
    end if;
    return pg_sequence_last_value(sequence);
end
$$;
comment on function rollup_internal.last_issued_id(regclass) is
    'The last id this node has handed out, committed or not; NULL before the first.';
