-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup.find_rollup(rollup_name text)
    returns rollup.rollups
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup.rollups;
begin
    select * into r from rollup.rollups where name = rollup_name;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no rollup %I', rollup_name),
            hint = 'See rollup.status.';
    end if;
    return r;
end
$$;
comment on function rollup.find_rollup(text) is 'Internal. A rollup''s declaration. Raises undefined_object when there is none.';
reset citus.enable_ddl_propagation;
