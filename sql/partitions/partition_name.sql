-- pg_partman looks for its partitions by names of its own.
create or replace function rollup_internal.partition_name(
    relation regclass, width interval, range_from timestamptz, out partition_schema name, out partition_name name)
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    base text;
begin
    -- A name that is too long would be truncated, and the names of partitions differ at their end.
    select n.nspname, case when octet_length(c.relname) <= 46 then c.relname else format('rollup_%s', c.oid) end
      into partition_schema, base
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid = relation;
    if rollup_internal.is_partman_managed(relation) then
        execute format('select n.partition_schema, n.partition_table from %I.show_partition_name($1, $2) n',
                       rollup_internal.extension_schema('pg_partman'))
           into partition_schema, partition_name using relation::text, range_from::text;
        return;
    end if;
    partition_name := format('%s_p%s', base, to_char(range_from, case
        when width >= interval '1 day' and range_from = date_trunc('day', range_from) then 'YYYYMMDD'
        else 'YYYYMMDD_HH24MI' end));
end
$$;
comment on function rollup_internal.partition_name(regclass, interval, timestamptz) is
    'The schema and the name of a new partition that begins at a time.';
