create or replace function rollup_internal.has_privilege(role regrole, kind text, object text, privilege text)
    returns boolean
    language sql
    stable
    set search_path = pg_catalog, pg_temp
begin atomic
    select case kind
        when 'schema' then pg_catalog.has_schema_privilege(role, object::regnamespace, privilege)
        when 'sequence' then pg_catalog.has_sequence_privilege(role, object::regclass, privilege)
        when 'role' then pg_catalog.pg_has_role(role, object::regrole, 'usage')
        else pg_catalog.has_table_privilege(role, object::regclass, privilege)
    end;
end;
comment on function rollup_internal.has_privilege(regrole, text, text, text) is
    'Whether a role has a privilege that rollup_internal.role_privileges lists.';
