create or replace function rollup_internal.expire_item(
    kind text, name text, dry_run boolean default false, max_rows bigint default 1000000,
    out partition text, out range_from timestamptz, out range_to timestamptz,
    out rows bigint, out bytes bigint, out action text, out more boolean)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    item rollup.retention;
begin
    select * into item from rollup.retention x where x.kind = expire_item.kind and x.name = expire_item.name;
    if item.kind = 'source' and item.is_enforced and item.keep is not null then
        return query select e.*, false from rollup.expire(item.relation, item.keep, dry_run) e;
    elsif item.kind = 'rollup' then
        return query select * from rollup.expire_rollup(name, dry_run, max_rows);
    end if;
end
$$;
comment on function rollup_internal.expire_item(text, text, boolean, bigint) is
    'Enforces one row of rollup.retention: all of a source''s events, or one range of a rollup''s rows.';
