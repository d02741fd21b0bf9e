-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.issued_ids(
    r rollup_internal.rollups, out issued jsonb, out problem text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    query constant text := format('select rollup_internal.last_issued_id(%L)', r.id_sequence);
begin
    if not exists (select from pg_class where oid = r.source) then
        return;
    end if;
    if not rollup_internal.is_distributed(r.source) then
        issued := jsonb_build_object(0, coalesce(rollup_internal.last_issued_id(r.id_sequence), 0));
        return;
    end if;
    select jsonb_object_agg(n.node_group, greatest(coalesce(nullif(n.result, '')::bigint, 0), n.node_group::bigint << 48))
               filter (where n.problem is null),
           'without Citus node ' || string_agg(n.node, ', ' order by n.node_group) filter (where n.problem is not null)
               || ', which did not answer'
      into issued, problem
      from rollup_internal.ask_each_node(query) n;
    if problem is null then
        issued := issued || coalesce((
            select jsonb_object_agg(f.key, f.value -> 'last_id')
              from jsonb_each(rollup_internal.removed_node_states(array[r.name])) f
             where f.value -> 'last_id' <> 'null'), '{}');
    end if;
exception
    when insufficient_privilege then
        get stacked diagnostics problem = message_text;
    when object_not_in_prerequisite_state then
        get stacked diagnostics problem = message_text;
end
$$;
comment on function rollup_internal.issued_ids(rollup_internal.rollups) is
    'The last id that each node has issued to a source, by node group, and what could not be read; NULLs if the '
    'source does not exist.';
reset citus.enable_ddl_propagation;
