-- Makes what a family of two or more needs, and takes it away from a family of one. On Citus the
-- function stays on the coordinator, the batch table is sharded like the source.
create or replace function rollup.create_family(family_id bigint)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    old rollup.families;
    lead rollup.rollups;
    batch_name constant text := format('rollup.batch_%s', family_id);
    new_function constant text := format('rollup.run_family_%s', family_id);
    columns text;
begin
    select * into strict old from rollup.families where id = family_id;
    if (select count(*) from rollup.rollups where family = family_id) > 1 then
        select * into strict lead from rollup.rollups where family = family_id order by bucket, id limit 1;
        select string_agg(format('%I %s', c.column_name, c.column_type), ', ') into columns
          from rollup.target_columns(lead.source, lead.tenant, lead.time_column, lead.bucket,
                                     lead.bucket_column, lead.dimensions, lead.measures) c;
    end if;

    -- What is right already stays: dropping it would wait for runs.
    if old.batch is not null and columns is distinct from (
        select string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum)
          from pg_attribute a
         where a.attrelid = old.batch and a.attnum > 0 and not a.attisdropped)
    then
        perform rollup.drop_function(old.function_name);
        update rollup.families set batch = null, function_name = null where id = family_id;
        execute format('drop table %s', old.batch);
        old.batch := null;
    end if;
    if columns is null then
        return;
    end if;
    if old.batch is null then
        execute format('create unlogged table %s (%s)', batch_name, columns);
        if rollup.is_distributed(lead.source) then
            perform create_distributed_table(batch_name::regclass, lead.tenant::text,
                                             colocate_with => lead.source::text);
        end if;
        update rollup.families f set batch = batch_name::regclass, function_name = new_function
         where f.id = family_id;
    end if;
    perform rollup.create_coordinator_function(
        rollup.family_function_text(family_id, batch_name::regclass, new_function),
        new_function,
        format('Counts new events of %s into all rollups of family %s; see rollup.run_family.', lead.source, family_id));
end
$$;
comment on function rollup.create_family(bigint) is 'Internal. Makes or replaces a family''s batch table and function.';
