-- If Citus shards a source, the groups of a family's new events are staged in a table that is sharded alike. It
-- contains rows only inside a run's transaction. It is not unlogged: servers recover it after a crash, Citus can
-- move its shards with the others, and the additional WAL is small. Every run leaves as many dead rows as it had
-- groups, so autovacuum has a fixed threshold.
create or replace function rollup_internal.sync_batch_table(family_id bigint, members text[])
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    batch_name constant text := format('rollup_internal.batch_%s', family_id);
    finest rollup_internal.rollups;
    wanted text[];
    found_columns text[];
begin
    if cardinality(members) > 1 then
        finest := rollup_internal.get_rollup(members[1]);
        if rollup_internal.is_distributed(finest.source) then
            select array_agg(format('%I %s', c.column_name,
                                    rollup_internal.column_definition(finest.source, c.column_type, c.expression)))
                   || array['"(time)" timestamp with time zone', '"(events)" bigint']
              into wanted
              from rollup_internal.target_columns(finest) c;
        end if;
    end if;
    select array_agg(format('%I %s', attname, format_type(atttypid, atttypmod)
                               || coalesce(' collate ' || nullif(nullif(attcollation, 0), '"default"'::regcollation)::regcollation, ''))
                     order by attnum) into found_columns
      from pg_attribute
     where attrelid = to_regclass(batch_name) and attnum > 0 and not attisdropped;
    if found_columns is not distinct from wanted then
        return;
    end if;
    if found_columns is not null then
        execute format('drop table %s', batch_name);
    end if;
    if wanted is null then
        return;
    end if;
    execute format('create table %s (%s)'
                   ' with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000)',
                   batch_name, array_to_string(wanted, ', '));
    execute format('alter table %s replica identity full', batch_name);  -- it has no key
    execute format('comment on table %s is %L', batch_name,
                   format('Groups of new events on their way into the rollups of family %s; empty between runs.',
                          family_id));
    perform create_distributed_table(batch_name::regclass, finest.tenant::text, colocate_with => finest.source::text);
end
$$;
comment on function rollup_internal.sync_batch_table(bigint, text[]) is
    'Creates the table in which Citus stages a family''s new groups, creates it again if its columns have '
    'changed, or drops it if the family does not need one.';
