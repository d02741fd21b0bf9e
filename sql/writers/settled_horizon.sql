create or replace function rollup_internal.settled_horizon(
    source regclass, states jsonb, out last_ids jsonb, out taken_at timestamptz)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select s.last_ids, s.taken_at
      from rollup_internal.horizons s
     where s.source = settled_horizon.source
       and rollup_internal.open_writers(s.writers, states) = '{}'
     order by s.taken_at desc
     limit 1;
end
$$;
comment on function rollup_internal.settled_horizon(regclass, jsonb) is
    'The last ids of the latest horizon whose writers have all ended since, if any.';
