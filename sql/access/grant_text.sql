create or replace function rollup_internal.grant_text(role regrole, kind text, object text, privilege text)
    returns text
    language sql
    stable
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
begin atomic
    select case kind when 'role' then pg_catalog.format('grant %s to %s', object, role)
                     else pg_catalog.format('grant %s on %s to %s', privilege,
                                            pg_catalog.concat_ws(' ', nullif(kind, 'table'), object), role) end;
end;
comment on function rollup_internal.grant_text(regrole, text, text, text) is
    'The statement that grants a privilege that rollup_internal.role_privileges lists.';
