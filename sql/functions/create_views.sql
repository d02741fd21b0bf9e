create or replace function rollup.create_views(rollup_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform rollup.create_live_view(rollup_name);
    perform rollup.create_bi_view(rollup_name);
    perform rollup.describe_measures(rollup_name);
end
$$;
comment on function rollup.create_views(text) is 'Internal. Makes or replaces a rollup''s views.';
