-- With its owner's rights: whoever is granted the view need not see the events behind it.
create or replace function rollup.create_live_view(rollup_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r rollup.rollups;
begin
    select * into strict r from rollup.rollups where name = rollup_name;
    perform rollup.create_view(rollup.view_name(r.target, 'live'), rollup.live_view_text(rollup_name),
        format('%s, with the events of %s that are not counted yet: exact now.', r.target, r.source));
end
$$;
comment on function rollup.create_live_view(text) is 'Internal. Makes or replaces a rollup''s live view.';
