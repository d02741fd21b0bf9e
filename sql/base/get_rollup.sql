-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.get_rollup(rollup_name text)
    returns rollup_internal.rollups
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup_internal.rollups;
begin
    select * into r from rollup_internal.rollups where name = rollup_name;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no rollup %I', rollup_name),
            hint = coalesce('There are: ' || (select string_agg(name, ', ' order by id) from rollup_internal.rollups),
                            'No rollup is declared yet: see rollup.create_rollup.');
    end if;
    return r;
end
$$;
comment on function rollup_internal.get_rollup(text) is
    'The declaration of a rollup. Raises undefined_object if there is none.';
reset citus.enable_ddl_propagation;
