-- Creates a rollup's table, or adopts an existing table that fits. The unique key starts with tenant and bucket,
-- so that the recent rows of a tenant are adjacent. It treats NULLs as equal, so that an unknown country is one
-- row instead of one for each run.
create or replace function rollup_internal.create_or_adopt_target(
    target_name text, source regclass, tenant name, columns jsonb, is_partitioned boolean, is_counted boolean default false)
    returns regclass
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
as $$
declare
    target regclass := to_regclass(target_name);
    keys text[];
    -- Events without a tenant form their own group.
    tenant_constraint constant text := (select ' not null' from pg_attribute a
                                         where a.attrelid = source and a.attname = tenant and a.attnotnull);
    is_filled boolean;
    bucket_column constant name := (select c ->> 'name' from jsonb_array_elements(columns) c where c ->> 'role' = 'bucket');
begin
    select array_agg(c ->> 'name' order by n) into keys
      from jsonb_array_elements(columns) with ordinality x(c, n)
     where c ->> 'role' <> 'measure';

    if target is null then
        if to_regtype(target_name) is not null then
            raise exception using
                errcode = 'duplicate_object',
                message = format('%s is a type; the rollup needs the name for its table', target_name),
                hint = 'Choose another table with target => ….';
        end if;
        execute format('create table %s (%s)%s', target_name,
            (select string_agg(format('%I %s%s', c ->> 'name', c ->> 'definition',
                                      case c ->> 'role' when 'bucket' then ' not null'
                                                        when 'tenant' then tenant_constraint end), ', ' order by n)
               from jsonb_array_elements(columns) with ordinality x(c, n)),
            case when is_partitioned then format(' partition by range (%I)', bucket_column) end);
        target := target_name::regclass;
    else
        perform rollup_internal.validate_target(target, source, columns, is_partitioned);
        execute format('select exists (select 1 from %s)', target) into is_filled;
        if is_filled and not is_counted then
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
    perform rollup_internal.set_replica_identity(target);
    return target;
end
$$;
comment on function rollup_internal.create_or_adopt_target(text, regclass, name, jsonb, boolean, boolean) is
    'Creates a rollup''s table and unique key, or validates the existing table, which may have rows only if they are counted.';
