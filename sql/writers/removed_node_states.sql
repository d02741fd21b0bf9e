-- A removed Citus node leaves events with ids from its own range. No more of them are drawn, so the largest
-- existing id replaces the last one handed out.
create or replace function rollup_internal.removed_node_states(names text[])
    returns jsonb
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set enable_seqscan = off
as $$
declare
    r rollup_internal.rollups;
    former int;
    last_id bigint;
    last_ids jsonb := '{}';
begin
    select * into strict r from rollup_internal.rollups x where x.name = names[1];
    if not rollup_internal.is_distributed(r.source) then
        return last_ids;
    end if;
    for former in
        select distinct w.node_group
          from rollup_internal.watermarks w
         where w.rollup in (select x.name from rollup_internal.rollups x where x.source = r.source)
        except
        select n.node_group from rollup_internal.nodes() n
    loop
        execute format('select max(%1$I) from %2$s where %1$I >= $1 and %1$I < $2', r.id_column, r.source)
           into last_id using former::bigint << 48, (former::bigint + 1) << 48;
        last_ids := last_ids || jsonb_build_object(former, jsonb_build_object(
            'last_id', last_id, 'writers', '{}'::jsonb, 'node', 'a former node'));
    end loop;
    return last_ids;
end
$$;
comment on function rollup_internal.removed_node_states(text[]) is
    'As rollup_internal.read_node_states, for removed nodes that have left events in a source.';
