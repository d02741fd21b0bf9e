create or replace function rollup_internal.uncounted_ids(
    source regclass, issued jsonb, out rollup text, out id_ranges int8multirange)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select r.name, range_agg(int8range(m.mark, i.last_id, '(]'))
      from (select x.key::int as node_group, x.value::bigint as last_id from jsonb_each_text(issued) x) i
     cross join rollup_internal.rollups r
      left join rollup_internal.watermarks w on w.rollup = r.name and w.node_group = i.node_group
     cross join lateral (select coalesce(w.last_id, i.node_group::bigint << 48)) m (mark)
     where r.source = uncounted_ids.source
       and i.last_id > m.mark
     group by r.name;
end
$$;
comment on function rollup_internal.uncounted_ids(regclass, jsonb) is
    'The ids above the watermark of each rollup of a source, up to the last ids that its nodes have issued '
    '({"0": 17}). Rollups without any are left out.';
