-- As ranges of ids, one for each node group, so that an index on the id serves it.
create or replace function rollup.uncounted(rollup_name text)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    id_column name;
    tail text;
begin
    select r.id_column into strict id_column from rollup.rollups r where r.name = rollup_name;
    select string_agg(format('%1$I > %2$s and %1$I < %3$s', id_column,
                             coalesce(w.last_id, n.node_group::bigint << 48),
                             case when n.node_group < 32767 then (n.node_group::bigint + 1) << 48
                                  else 9223372036854775807 end), ' or ')
      into tail
      from rollup.nodes() n
      full join (select * from rollup.watermarks where rollup = rollup_name) w using (node_group);
    return '(' || tail || ')';
end
$$;
comment on function rollup.uncounted(text) is
    'Internal. The condition on a source''s id column that is true of events a rollup has not counted.';
