-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.insert_select_text(
    r rollup_internal.rollups, conditions text[], indent int default 0)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    columns constant rollup_internal.target_column[] := rollup_internal.columns_of(r);
begin
    return rollup_internal.fill_template(
        $text$insert into {target} as stored (
    {names})
{aggregation}$text$,
        jsonb_build_object(
            'target', r.target,
            'names', rollup_internal.wrap_list(
                array(select quote_ident(c.column_name) from unnest(columns) c), indent + 4),
            'aggregation', rollup_internal.aggregation_text(columns, r.source::text, conditions, indent => indent)),
        indent);
end
$$;
comment on function rollup_internal.insert_select_text(rollup_internal.rollups, text[], int) is
    'The statement that counts the events that meet the given conditions directly into a rollup''s table.';
reset citus.enable_ddl_propagation;
