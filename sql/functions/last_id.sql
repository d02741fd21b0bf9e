-- A cache would let a session insert ids long after others have passed them.
create or replace function rollup.last_id(sequence regclass)
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    cache bigint;
    step bigint;
begin
    select seqcache, seqincrement into cache, step from pg_sequence where seqrelid = sequence;
    if cache <> 1 or step < 1 then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('sequence %s must hand out ids one by one and upwards', sequence),
            detail = format('It has cache %s and increment %s.', cache, step),
            hint = format('alter sequence %s cache 1 increment 1', sequence);
    end if;
    return pg_sequence_last_value(sequence);
end
$$;
comment on function rollup.last_id(regclass) is
    'Internal. The last id this node has handed out, committed or not; NULL before the first.';
