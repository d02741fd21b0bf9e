create or replace function rollup.settled_heads(
    source regclass, states jsonb, out heads jsonb, out taken_at timestamptz)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select s.heads, s.taken_at
      from rollup.samples s
     where s.source = settled_heads.source
       and rollup.still_open(s.writers, states) = '{}'
     order by s.taken_at desc
     limit 1;
end
$$;
comment on function rollup.settled_heads(regclass, jsonb) is
    'Internal. The ids of the latest sample whose writers have all ended since, if there is one.';
