create or replace function rollup.create_bi_view(rollup_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup.rollups;
    view_name text;
begin
    select * into strict r from rollup.rollups where name = rollup_name;
    view_name := rollup.view_name(r.target, 'bi');
    begin
        execute rollup.bi_view_text(rollup_name);
    exception when invalid_table_definition then
        -- Columns have gone, or have other types.
        execute format('drop view %s', view_name);
        execute rollup.bi_view_text(rollup_name);
    end;
    execute format('grant select on %s to public', view_name);
    execute format('comment on view %s is %L', view_name, format(
        'Plain numbers of %1$s, up to its watermark. Add up counts and sums only: distinct counts, averages and '
        'quantiles of several rows come from the sketches, sums and counts in %1$s; see docs/rollups.md, '
        '"Several rows as one".', r.target));
end
$$;
comment on function rollup.create_bi_view(text) is 'Internal. Makes or replaces a rollup''s view of plain numbers.';
