-- The table exists where something has changed. Updates and deletes are noted for a shard, and truncations, which fire no
-- trigger on shards, for the table itself.
create or replace function rollup_internal.local_changes(collected jsonb)
    returns jsonb
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    found_changes jsonb;
    node_group text;
begin
    perform rollup_internal.create_shard_changes();
    if to_regclass('rollup_internal.shard_changes') is not null then
        select groupid::text into node_group from pg_dist_local_group;
        delete from rollup_internal.shard_changes c
         where c.id in (select x::bigint from jsonb_array_elements_text(collected -> node_group) x);
        select jsonb_agg(to_jsonb(c) || jsonb_build_object(
                   'table', case when p.logicalrelid is not null then c.source::text end,
                   'shard', case when p.logicalrelid is null then (regexp_match(k.relname, '_([0-9]+)$'))[1] end,
                   'emptied_table', c.emptied::regclass::text))
          into found_changes
          from (select * from rollup_internal.shard_changes order by id limit 50000) c
          join pg_class k on k.oid = c.source
          left join pg_dist_partition p on p.logicalrelid = c.source;
    end if;
    return coalesce(found_changes, '[]');
end
$$;
comment on function rollup_internal.local_changes(jsonb) is
    'What this Citus node has noted of its shards, without what was collected before, {"group": [ids]}, which is '
    'removed.';
