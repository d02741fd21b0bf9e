create or replace function rollup.drop_views(target regclass)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    view_name constant text := rollup.view_name(target, 'bi');
begin
    -- Where the table is gone, so are its views.
    if view_name is not null then
        execute format('drop view if exists %s', view_name);
    end if;
end
$$;
comment on function rollup.drop_views(regclass) is 'Internal. Removes the views beside a rollup''s table.';
