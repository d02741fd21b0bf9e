-- Without privileges on the sequence, PostgreSQL 18 returns NULL instead of an error, as for a sequence that has not
-- issued an id yet, and a run would find nothing new.
--
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
    select * into s from pg_sequence where seqrelid = sequence;
    if not found then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('the sequence with oid %s, which issued the ids of events, no longer exists', sequence::oid),
            hint = (select format('If the source takes larger ids from another sequence: %s.',
                                  string_agg(format('select rollup.accept_source(%L)', r.name), '; ' order by r.id))
                      from rollup_internal.rollups r where r.id_sequence = sequence);
    end if;
    if s.seqcache <> 1 or s.seqincrement < 1 or s.seqmin < 1 or s.seqcycle then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('sequence %s must hand out ids one by one and upwards', sequence),
            detail = format('It has cache %s, increment %s, minimum %s and %s.', s.seqcache, s.seqincrement,
                            s.seqmin, case when s.seqcycle then 'cycles' else 'does not cycle' end),
            hint = format('alter sequence %s cache 1 increment 1 minvalue %s no cycle', sequence, greatest(s.seqmin, 1));
    end if;
    if not has_sequence_privilege(sequence, 'usage, select') then
        raise exception using
            errcode = 'insufficient_privilege',
            message = format('role %I may not read sequence %s, which issues the ids of events', current_user, sequence),
            hint = format('grant select on sequence %s to %I', sequence, current_user);
    end if;
    return pg_sequence_last_value(sequence);
end
$$;
comment on function rollup_internal.last_issued_id(regclass) is
    'The last id this node has handed out, committed or not; NULL before the first. Raises insufficient_privilege '
    'for a role that may not read the sequence.';
