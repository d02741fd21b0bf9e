create or replace function rollup_internal.bi_view_text(rollup_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
begin
    return rollup_internal.fill_template(
        $text$select {columns}
  from {target} r$text$,
        jsonb_build_object('target', r.target, 'columns', rollup_internal.shown_columns_text(r)));
end
$$;
comment on function rollup_internal.bi_view_text(text) is 'The query of a rollup''s view of plain numbers.';
