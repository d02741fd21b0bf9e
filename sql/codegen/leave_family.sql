create or replace function rollup_internal.leave_family(family_id bigint)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from rollup_internal.rollups r where r.family = family_id) then
        perform rollup_internal.sync_family(family_id);
    else
        delete from rollup_internal.families where id = family_id;
    end if;
end
$$;
comment on function rollup_internal.leave_family(bigint) is
    'Makes a family''s function anew after a member has left, or removes a family without members.';
