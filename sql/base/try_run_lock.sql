-- A run never queues behind another one that counts the same events.
create or replace function rollup_internal.try_run_lock(names text[])
    returns boolean
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    is_mine boolean;
begin
    select bool_and(pg_try_advisory_xact_lock(hashtextextended('rollup.run', r.id))) into is_mine
      from rollup_internal.rollups r
     where r.name = any (names)
    having count(*) = cardinality(names);
    if is_mine is null then
        raise exception using
            errcode = 'undefined_object',
            message = format('one of the rollups %s was dropped meanwhile', array_to_string(names, ', ')),
            hint = 'Nothing was counted. Run the others again.';
    end if;
    return is_mine;
end
$$;
comment on function rollup_internal.try_run_lock(text[]) is
    'Takes the run locks of rollups until the transaction ends, and returns whether all of them were free. '
    'Raises undefined_object when one of the rollups has been dropped.';
