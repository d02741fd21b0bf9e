-- Sets where a newly declared rollup begins. A removed node may have left events that no other rollup knows of, so
-- it gets a watermark too. To fill a rollup newest first, the watermark is set to the last existing id and
-- everything below becomes the backlog. A run counts the backlog only after waiting for all writers, so writers
-- that are open now are included.
create or replace function rollup_internal.init_watermarks(rollup_name text, newest_first boolean)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set enable_seqscan = off
as $$
declare
    r rollup_internal.rollups;
    states jsonb;
begin
    select * into strict r from rollup_internal.rollups where name = rollup_name;
    if rollup_internal.is_distributed(r.source) then
        if not rollup_internal.is_distributed('rollup_internal.tails') then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = format('%s is distributed, but the rollup package does not know Citus yet', r.source),
                hint = 'It was installed before Citus. Install it again: rollupctl install';
        end if;
        execute rollup_internal.fill_template(
            $text$insert into rollup_internal.watermarks (rollup, node_group, last_id, as_of)
select distinct {name}, e.{id} >> 48, (e.{id} >> 48) << 48, now()
  from {source} e
 where {ids_of_former_nodes}$text$,
            jsonb_build_object(
                'name', quote_literal(r.name),
                'id', quote_ident(r.id_column),
                'source', r.source,
                'ids_of_former_nodes', (
                    select string_agg(rollup_internal.fill_template(
                               'e.{id} >= {from_id} and e.{id} < {to_id}',
                               jsonb_build_object('id', quote_ident(r.id_column), 'from_id', lower(gap),
                                                  'to_id', upper(gap))), ' or ')
                      from unnest((select int8multirange(int8range(0, 9223372036854775807))
                                          - range_agg(int8range(n.node_group::bigint << 48,
                                                                (n.node_group::bigint + 1) << 48))
                                     from rollup_internal.nodes() n)) gap)));
    end if;
    if newest_first then
        states := rollup_internal.read_node_states(r.source, r.id_sequence)
            || rollup_internal.removed_node_states(array[r.name]);
        insert into rollup_internal.backlogs (rollup, node_group, after_id, through_id, first_size)
        select r.name, s.node_group, s.base, s.last_id, s.last_id - s.base
          from (select x.key::int as node_group, x.key::bigint << 48 as base,
                       (x.value ->> 'last_id')::bigint as last_id
                  from jsonb_each(states) x) s
         where s.last_id > s.base;
        insert into rollup_internal.watermarks as w (rollup, node_group, last_id, as_of, sequence)
        select b.rollup, b.node_group, b.through_id, now(), states -> b.node_group::text -> 'sequence' from rollup_internal.backlogs b where b.rollup = r.name
        on conflict (rollup, node_group) do update set last_id = excluded.last_id, sequence = excluded.sequence;
    end if;
    perform rollup_internal.refresh_tails(array[r.name]);
end
$$;
comment on function rollup_internal.init_watermarks(text, boolean) is
    'Sets the first watermarks of a new rollup and, if it is to be filled newest first, its backlog.';
