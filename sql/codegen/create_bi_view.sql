create or replace function rollup_internal.create_bi_view(rollup_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup_internal.rollups;
    view_name text;
begin
    select * into strict r from rollup_internal.rollups where name = rollup_name;
    view_name := rollup_internal.view_name(r.target, 'bi');
    perform rollup_internal.create_view(view_name, rollup_internal.bi_view_text(rollup_name), format(
        'Plain numbers of %1$s, up to its watermark. Add up counts and sums only: distinct counts, averages and '
        'quantiles of several rows come from the sketches, sums and counts in %1$s; see docs/rollups.md, '
        '"Several rows as one".', r.target));
    execute format('grant select on %s to public', view_name);
end
$$;
comment on function rollup_internal.create_bi_view(text) is 'Makes or replaces a rollup''s view of plain numbers.';
