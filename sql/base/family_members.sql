create or replace function rollup.family_members(member text)
    returns setof text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
        select r.name
          from rollup_internal.rollups r
         where r.family = (select x.family from rollup_internal.rollups x where x.name = member)
         order by r.bucket, r.time_zone nulls first, r.id;
end
$$;
comment on function rollup.family_members(text) is
    'The rollups that are counted together with a rollup, including itself, finest bucket first.';
