-- A tenant may be renamed, so it has a key of its own.
create or replace function rollup_internal.source_dependent_columns(names text[])
    returns jsonb
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_object_agg(r.name, d.columns)
          from rollup_internal.rollups r
         cross join lateral (
               select jsonb_object_agg(case c.role when 'tenant' then '(tenant)' else c.column_name end, jsonb_build_object(
                          'column', c.column_name,
                          'definition', rollup_internal.column_definition(r.source, c.column_type, c.expression),
                          'expression', c.expression,
                          'is_sketch', (select t.typnamespace <> 'pg_catalog'::regnamespace
                                          from pg_type t
                                         where t.oid = to_regtype(c.column_type)))) as columns
                 from rollup_internal.target_columns(r) c
               ) d
         where r.name = any (names));
end
$$;
comment on function rollup_internal.source_dependent_columns(text[]) is
    'Type and expression of the columns of rollups, by rollup and column.';
