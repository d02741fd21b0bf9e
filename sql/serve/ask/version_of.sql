-- Changes whenever the rows of a family may have: with the watermarks and backlogs of its members, their declarations,
-- what has expired, and any other write to their tables, as by a rebuild.
--
-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.version_of(rollup_name text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set datestyle = 'ISO, MDY'
    set timezone = 'UTC'
as $$
begin
    return (
        select md5(string_agg(concat_ws(' ', r.id, r.revision, r.expired_before,
                   (select string_agg(format('%s:%s', w.node_group, w.last_id), ',' order by w.node_group)
                      from rollup_internal.watermarks w where w.rollup = r.name),
                   (select string_agg(format('%s-%s', b.after_id, b.through_id), ',' order by b.after_id)
                      from rollup_internal.backlogs b where b.rollup = r.name),
                   rollup_serve.writes_of(r.target)), ';' order by r.id))
          from rollup.family_members(rollup_name) m
          join rollup_internal.rollups r on r.name = m);
end
$$;
comment on function rollup_serve.version_of(text) is 'Differs between two moments between which the rows of a rollup''s family have changed.';
reset citus.enable_ddl_propagation;
