-- Where Citus shards a source, the groups of a family's new events pass through a table that is sharded
-- alike. It holds rows only inside a run's transaction. An ordinary table, not an unlogged one: servers
-- recover from any crash, Citus can move its shards with the others, and the log costs little.
-- Every run leaves as many dead rows as it had groups, which autovacuum is told to look after.
create or replace function rollup_internal.sync_batch_table(family_id bigint)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set citus.multi_shard_modify_mode = sequential
as $$
declare
    lead rollup_internal.rollups;
    batch_name constant text := format('rollup_internal.batch_%s', family_id);
    wanted text[];
    found_columns text[];
begin
    select * into strict lead from rollup_internal.rollups
     where family = family_id order by bucket, time_zone nulls first, id limit 1;
    select array_agg(format('%I %s', c.column_name, c.column_type)) into wanted
      from rollup_internal.target_columns(lead) c;
    wanted := wanted || array['"(time)" timestamp with time zone', '"(events)" bigint'];
    select array_agg(format('%I %s', attname, format_type(atttypid, atttypmod)) order by attnum) into found_columns
      from pg_attribute
     where attrelid = to_regclass(batch_name) and attnum > 0 and not attisdropped;
    if found_columns = wanted then
        return;
    end if;
    perform rollup_internal.drop_batch_table(family_id);
    execute format('create table %s (%s) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000)',
                   batch_name, array_to_string(wanted, ', '));
    execute format('comment on table %s is %L', batch_name,
                   format('Groups of new events on their way into the rollups of family %s; empty between runs.', family_id));
    perform create_distributed_table(batch_name::regclass, lead.tenant::text, colocate_with => lead.source::text);
end
$$;
comment on function rollup_internal.sync_batch_table(bigint) is
    'Makes the table that a family''s new groups pass through on Citus, or makes it anew where its columns have changed.';
