-- NULLs are equal, in dimensions and in a tenant that may be NULL. Without NULLs the operator alone is used, which
-- allows an index and a join of colocated shards on Citus.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.same_key_text(
    r rollup_internal.rollups, columns rollup_internal.target_column[], left_alias text, right_alias text, with_dimensions boolean default true)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select string_agg(rollup_internal.fill_template(
                   case when c.role = 'bucket' or c.role = 'tenant' and not x.may_be_null then '{left} {equals} {right}'
                        when x.equals = '=' then '{left} is not distinct from {right}'
                        else '({left} {equals} {right} or coalesce({left}, {right}) is null)' end,
                   jsonb_build_object('left', format('%s.%I', left_alias, c.column_name),
                                      'right', format('%s.%I', right_alias, c.column_name))
                   || case when c.role = 'bucket' or c.role = 'tenant' and not x.may_be_null or x.equals <> '='
                           then jsonb_build_object('equals', x.equals) else '{}' end), ' and ' order by c.ordinality)
          from unnest(columns) with ordinality c
         cross join lateral (
               select rollup_internal.equality_operator(c.column_type) as equals,
                      not exists (select from pg_attribute a
                                   where a.attrelid = r.target and a.attname = c.column_name and a.attnotnull)
                      and not rollup_internal.is_distributed(r.source) as may_be_null
                offset 0) x  -- once for each column
         where c.role in ('tenant', 'bucket') or c.role = 'dimension' and with_dimensions);
end
$$;
comment on function rollup_internal.same_key_text(rollup_internal.rollups, rollup_internal.target_column[], text, text, boolean) is
    'The condition that two rows, given by their aliases, have the same tenant, bucket and, optionally, '
    'dimensions.';
reset citus.enable_ddl_propagation;
