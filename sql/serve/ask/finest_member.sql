-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.finest_member(rollup_name text)
    returns rollup_internal.rollups
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    finest rollup_internal.rollups;
begin
    select x.* into finest
      from rollup.family_members(rollup_name) with ordinality m (name, place)
      join rollup_internal.rollups x using (name)
     order by m.place
     limit 1;
    return finest;
end
$$;
comment on function rollup_serve.finest_member(text) is 'The rollup of a family that has the shortest buckets.';
reset citus.enable_ddl_propagation;
