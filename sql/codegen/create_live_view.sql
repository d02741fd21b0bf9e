-- With its owner's rights: whoever is granted the view need not see the events behind it.
create or replace function rollup_internal.create_live_view(rollup_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup_internal.rollups;
begin
    select * into strict r from rollup_internal.rollups where name = rollup_name;
    perform rollup_internal.create_view(rollup_internal.view_name(r.target, 'live'), rollup_internal.live_view_text(rollup_name),
        format('%s, with the events of %s that are not counted yet: exact now.', r.target, r.source));
end
$$;
comment on function rollup_internal.create_live_view(text) is 'Makes or replaces a rollup''s live view.';
