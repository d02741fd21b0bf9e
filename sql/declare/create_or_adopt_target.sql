-- Makes a rollup's table, or takes one that is there when it fits. The unique key starts with
-- tenant and bucket, so that one tenant's recent rows lie together, and treats NULLs as equal,
-- so that an unknown country is one row and not one a run.
create or replace function rollup_internal.create_or_adopt_target(
    target_name text, source regclass, tenant name, columns jsonb, is_partitioned boolean)
    returns regclass
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
as $$
declare
    target regclass := to_regclass(target_name);
    keys text[];
    wanted record;
    found_type text;
    is_filled boolean;
    bucket_column constant name := (select c ->> 'name' from jsonb_array_elements(columns) c where c ->> 'role' = 'bucket');
begin
    select array_agg(c ->> 'name' order by n) into keys
      from jsonb_array_elements(columns) with ordinality x(c, n)
     where c ->> 'role' <> 'measure';

    if target is null then
        execute format('create table %s (%s)%s', target_name,
            (select string_agg(format('%I %s%s', c ->> 'name', c ->> 'type',
                                      case when c ->> 'role' in ('tenant', 'bucket')
                                            and (tenant is not null or is_partitioned) then ' not null' end), ', ' order by n)
               from jsonb_array_elements(columns) with ordinality x(c, n)),
            case when is_partitioned then format(' partition by range (%I)', bucket_column) end);
        target := target_name::regclass;
    else
        for wanted in
            select c ->> 'name' as name, c ->> 'type' as type, c ->> 'role' as role
              from jsonb_array_elements(columns) c
        loop
            select format_type(atttypid, atttypmod) into found_type
              from pg_attribute
             where attrelid = target and attname = wanted.name and attnum > 0 and not attisdropped;
            if not found then
                raise exception using
                    errcode = 'undefined_column',
                    message = format('table %s has no column %I, which the rollup needs', target, wanted.name),
                    hint = format('alter table %s add column %I %s, or name another table with target => ….',
                                  target, wanted.name, wanted.type);
            end if;
            if found_type <> wanted.type
               and not (found_type in ('text', 'character varying')
                        and wanted.type in ('text', 'character varying'))
               and not (wanted.type like '%hll(%' and found_type = split_part(wanted.type, '(', 1))
            then
                raise exception using
                    errcode = 'datatype_mismatch',
                    message = format('%s.%I is %s, but the rollup needs %s',
                                     target, wanted.name, found_type, wanted.type),
                    hint = case when wanted.type like '%hll(%'
                        then 'Sketches with other parameters do not merge: set log2m in the measure to the table''s.'
                        else 'Change the column''s type, or name another table with target => ….' end;
            end if;
        end loop;
        if is_partitioned and rollup_internal.partition_column(target) is distinct from bucket_column then
            raise exception using
                errcode = 'wrong_object_type',
                message = format('table %s is not partitioned by range of %I', target, bucket_column),
                hint = 'Leave partition_interval out, or name another table with target => ….';
        elsif not is_partitioned and rollup_internal.partition_column(target) = bucket_column
              and not exists (select from rollup.partitions(target) p where p.is_default) then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = format('table %s has no default partition: an event of an unforeseen time would stop the rollup', target),
                hint = format('create table … partition of %s default', target);
        end if;
        execute format('select exists (select 1 from %s)', target) into is_filled;
        if is_filled then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = format('table %s already has rows, which would be counted a second time', target),
                hint = format('truncate %s; the rollup''s first run counts everything there is.', target);
        end if;
    end if;

    -- Distributed before the key is made: Citus builds it on the shards.
    if tenant is not null and rollup_internal.is_distributed(source) and not rollup_internal.is_distributed(target) then
        perform create_distributed_table(target, tenant::text, colocate_with => source::text);
    end if;

    if rollup_internal.target_key(target, keys) is null then
        execute format('create unique index on %s (%s) nulls not distinct', target,
                       (select string_agg(quote_ident(k), ', ' order by n) from unnest(keys) with ordinality x(k, n)));
    end if;
    return target;
end
$$;
comment on function rollup_internal.create_or_adopt_target(text, regclass, name, jsonb, boolean) is
    'Makes a rollup''s table and unique key, or checks the table that is there.';
