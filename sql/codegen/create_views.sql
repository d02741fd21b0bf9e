create or replace function rollup_internal.create_views(rollup_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform rollup_internal.create_live_view(rollup_name);
    perform rollup_internal.create_bi_view(rollup_name);
    perform rollup_internal.comment_on_measures(rollup_name);
end
$$;
comment on function rollup_internal.create_views(text) is 'Makes or replaces a rollup''s views.';
