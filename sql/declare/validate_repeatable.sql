-- verify and rebuild evaluate an expression again, so it must give the same result for the same event at any time and in
-- any session. The server says which functions an expression calls, also through operators and casts, in the parse
-- tree of a view. Stable functions of the server are accepted where they depend on settings that
-- rollup_internal.counting_settings fixes, such as the time zone.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.validate_repeatable(declared rollup_internal.rollups, added text[] default null)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set client_min_messages = warning
    set standard_conforming_strings = on
as $$
declare
    -- What the server calls stable, and what differs between sessions or between moments. Others of its stable
    -- functions depend on settings that are fixed.
    of_session constant name[] := '{now,transaction_timestamp,statement_timestamp,current_setting,current_user,
        session_user,current_database,current_schema,current_schemas,current_query,version,inet_client_addr,
        inet_client_port,inet_server_addr,inet_server_port,pg_backend_pid,pg_postmaster_start_time,pg_conf_load_time,
        pg_my_temp_schema,pg_current_xact_id_if_assigned,txid_current_if_assigned,pg_current_snapshot,
        txid_current_snapshot,pg_client_encoding,getdatabaseencoding,pg_is_in_recovery,pg_trigger_depth,
        lastval,currval}';
    of_moment constant text := '''\s*(now|today|tomorrow|yesterday)\s*''';
    checked record;
    read record;
    called record;
    problem text;
    cure text;
begin
    for checked in
        with columns as materialized (select * from rollup_internal.target_columns(declared))
        select format('dimension %I', c.column_name) as what, c.expression
          from columns c
         where c.role = 'dimension' and added is null
           and not exists (select from pg_attribute a  -- a column alone
                            where a.attrelid = declared.source and quote_ident(a.attname) = c.expression)
        union all
        select 'the filter', format('(%s)', declared.filter) where declared.filter is not null and added is null
        union all
        select format('measure %I', c.measure), string_agg(c.expression, ', ')
          from columns c
         where c.role = 'measure' and (added is null or c.measure = any (added))
         group by c.measure
    loop
        read := rollup_internal.expression_tree(declared.source, checked.expression, '{}');
        perform rollup_internal.validate_name_resolution(checked.what, declared.source, checked.expression, read.tree);
        problem := null;
        select p.oid::regprocedure as signature, p.proname, p.provolatile, n.nspname into called
          from pg_proc p
          join pg_namespace n on n.oid = p.pronamespace
         where p.oid in (select x[1]::oid from regexp_matches(read.tree, ':(?:funcid|opfuncid) (\d+)', 'g') x)
           and (p.provolatile = 'v'
                or n.nspname = 'pg_catalog'
                   and (p.proname = any (of_session) or p.proname = 'age' and p.pronargs = 1
                        or p.proname in ('to_tsvector', 'to_tsquery', 'plainto_tsquery', 'phraseto_tsquery',
                                         'websearch_to_tsquery') and p.proargtypes[0] <> 'regconfig'::regtype))
         order by p.provolatile desc
         limit 1;
        if found then
            problem := format('calls %s', called.signature);
            cure := case
                when called.nspname <> 'pg_catalog' then
                    format('If its result depends on its arguments only: alter function %s immutable.', called.signature)
                when called.proname like '%tsvector' or called.proname like '%tsquery' then
                    'Name the text search configuration as the first argument.' end;
        elsif read.tree ~ '\{(SQLVALUEFUNCTION|NEXTVALUEEXPR) ' then
            problem := 'names the current time, user or schema';
        elsif (select count(*) from regexp_matches(checked.expression, of_moment, 'gi'))
              > (select count(*) from regexp_matches(read.definition, of_moment, 'gi')) then
            problem := 'names the current time';  -- a literal that has been read as one
        end if;
        if problem is not null then
            raise exception using
                errcode = 'invalid_parameter_value',
                message = format('%s %s, so the same event would be counted differently at another time', checked.what, problem),
                detail = format('The expression is %s.', checked.expression),
                hint = coalesce(cure, format(
                    'Store the value in a column of %s when the event is inserted, and use that column.', declared.source));
        end if;
    end loop;
end
$$;
comment on function rollup_internal.validate_repeatable(rollup_internal.rollups, text[]) is
    'Refuses expressions of a declaration, or of its added measures, that are volatile or depend on the moment or the '
    'session.';
reset citus.enable_ddl_propagation;
