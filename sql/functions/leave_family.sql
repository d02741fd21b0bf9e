create or replace function rollup.leave_family(family_id bigint)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from rollup.rollups r where r.family = family_id) then
        perform rollup.create_family(family_id);
    else
        delete from rollup.families where id = family_id;
    end if;
end
$$;
comment on function rollup.leave_family(bigint) is
    'Internal. Makes a family''s function anew after a member has left, or removes a family without members.';
