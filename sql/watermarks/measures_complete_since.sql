create or replace function rollup_internal.measures_complete_since(
    rollup_name text, tenant text default null, out measure text, out valid_since timestamptz)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select a.measure, min(a.valid_since)
      from rollup_internal.added_measures a
     where a.rollup = rollup_name
       and (a.tenant is null or a.tenant = measures_complete_since.tenant)
     group by a.measure;
end
$$;
comment on function rollup_internal.measures_complete_since(text, text) is
    'The bucket from which each added measure is complete, for all tenants or one.';
