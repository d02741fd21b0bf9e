-- Compares both definitions as the server formats them: that of the view, and that of a temporary view made from
-- the query. On Citus the temporary view is not propagated.
create or replace function rollup_internal.view_matches(existing regclass, query text, options text[])
    returns boolean
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    propagation constant text := current_setting('citus.enable_ddl_propagation', true);
    is_same boolean;
begin
    if not has_database_privilege(current_database(), 'temporary') then
        return false;
    end if;
    perform set_config('citus.enable_ddl_propagation', 'off', true);
    execute format('create temporary view rollup_candidate as %s', query);
    select pg_get_viewdef(c.oid) = pg_get_viewdef(x.oid) and coalesce(x.reloptions, '{}') = options
      into is_same
      from pg_class c, pg_class x
     where c.oid = 'pg_temp.rollup_candidate'::regclass and x.oid = existing;
    drop view pg_temp.rollup_candidate;
    perform set_config('citus.enable_ddl_propagation', propagation, true) where propagation is not null;
    return is_same;
end
$$;
comment on function rollup_internal.view_matches(regclass, text, text[]) is
    'Whether a view has this definition and these options. False for a role that may not make temporary views.';
