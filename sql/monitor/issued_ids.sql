-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.issued_ids(
    r rollup_internal.rollups, reports jsonb, out issued jsonb, out problem text, out node_is_down boolean)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
declare
    is_distributed boolean;
begin
    node_is_down := false;
    if not exists (select from pg_class where oid = r.source) then
        return;
    end if;
    is_distributed := rollup_internal.is_distributed(r.source);
    select jsonb_object_agg(n.node_group, greatest((n.said ->> 'last_id')::bigint, n.node_group::bigint << 48))
               filter (where n.said ? 'last_id'),
           concat_ws('; ',
               'without Citus node ' || string_agg(n.node, ', ' order by n.node_group) filter (where n.problem is not null)
                   || ', which did not answer',
               min(n.said ->> 'problem')),
           coalesce(bool_or(n.problem is not null), false)
      into issued, problem, node_is_down
      from (select x.node_group, x.node, x.problem, x.report -> 'sequences' -> r.id_sequence::text as said
              from jsonb_to_recordset(reports) x (node_group int, node text, problem text, report jsonb)
             where is_distributed or x.node_group = 0) n;
    problem := nullif(problem, '');
    if is_distributed and problem is null then
        issued := issued || coalesce((
            select jsonb_object_agg(f.key, f.value -> 'last_id')
              from jsonb_each(rollup_internal.removed_node_states(array[r.name])) f
             where f.value -> 'last_id' <> 'null'), '{}');
    end if;
exception
    when insufficient_privilege then
        get stacked diagnostics problem = message_text;
end
$$;
comment on function rollup_internal.issued_ids(rollup_internal.rollups, jsonb) is
    'The last id that each node has issued to a source, by node group, what could not be read, and whether a node '
    'did not answer, from rollup_internal.node_reports; NULLs if the source does not exist.';
reset citus.enable_ddl_propagation;
