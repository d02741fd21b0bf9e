-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.bi_view_text(r rollup_internal.rollups, columns rollup_internal.target_column[])
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    return rollup_internal.fill_template(
        $text$select {columns}
  from {target} r$text$,
        jsonb_build_object('target', r.target, 'columns', rollup_internal.shown_columns_text(columns)));
end
$$;
comment on function rollup_internal.bi_view_text(rollup_internal.rollups, rollup_internal.target_column[]) is 'The query of a rollup''s view of plain numbers.';
reset citus.enable_ddl_propagation;
