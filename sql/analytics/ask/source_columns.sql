-- The columns of the tenant and of the time are those of a rollup over the same source, or else the defaults of
-- rollup.create_rollup.
create or replace function rollup_analytics_internal.source_columns(
    source text, out relation regclass, out tenant_column name, out time_column name)
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    missing name;
begin
    relation := rollup_analytics_internal.resolve_source(source);
    select x.tenant, x.time_column into tenant_column, time_column
      from rollup_internal.rollups x
     where x.source = relation and x.tenant is not null
     order by x.id
     limit 1;
    tenant_column := coalesce(tenant_column, 'customer_id');
    time_column := coalesce(time_column, 'event_time');
    select n into missing
      from unnest(array[tenant_column, time_column]) n
     where not exists (select from pg_attribute a where a.attrelid = relation and a.attname = n and not a.attisdropped);
    if missing is not null then
        raise exception using
            errcode = 'undefined_column',
            message = format('%s has no column %I', relation, missing),
            hint = 'A rollup over the table, with its tenant and time_column, tells what they are called.';
    end if;
end
$$;
comment on function rollup_analytics_internal.source_columns(text) is
    'An events table, and its columns of the tenant and of the time.';
