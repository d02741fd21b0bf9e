-- A role that was dropped owns nothing.
create or replace function rollup_analytics_internal.may_own(role name)
    returns boolean
    language sql
    stable
    set search_path = pg_catalog, pg_temp
    return exists (select from pg_roles r where r.rolname = role and pg_has_role(current_user, r.oid, 'member'));
comment on function rollup_analytics_internal.may_own(name) is 'Whether the current role is a role, or a member of it.';
