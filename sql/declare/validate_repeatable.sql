-- verify and rebuild evaluate an expression again, so it must give the same result for the same event at any time and in
-- any session. The server says which functions an expression calls, also through operators and casts, in the parse
-- tree of a view. Stable functions of the server are accepted where they depend on settings that
-- rollup_internal.counting_settings fixes, such as the time zone.
--
-- All expressions are looked at together. Only if something is wrong with them is each looked at by itself, to say which.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.validate_repeatable(
    declared rollup_internal.rollups, columns rollup_internal.target_column[], added text[] default null)
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
    expression text;
    read record;
    called record;
    problem text;
    cure text;
begin
    for checked in
        with one as (
            select format('dimension %I', c.column_name) as what, c.expression, false as is_aggregate
              from unnest(columns) c
             where c.role = 'dimension' and added is null
               and not exists (select from pg_attribute a  -- a column alone
                                where a.attrelid = declared.source and quote_ident(a.attname) = c.expression)
            union all
            select 'the filter', format('(%s)', declared.filter), false where declared.filter is not null and added is null
            union all
            select format('measure %I', c.measure), string_agg(c.expression, ', '), true
              from unnest(columns) c
             where c.role = 'measure' and (added is null or c.measure = any (added))
             group by c.measure
        )
        select null as what, array_agg(x.expressions) as expressions
          from (select string_agg(o.expression, ', ') as expressions from one o group by o.is_aggregate) x
        having (select count(*) from one) > 1
        union all
        select o.what, array[o.expression] from one o
    loop
        begin
            read := rollup_internal.expression_tree(declared.source, checked.expressions, '{}');
            perform rollup_internal.validate_name_resolution(checked.what, declared.source, checked.expressions, read.tree);
        exception when others then
            if checked.what is null then
                continue;
            end if;
            raise;
        end;
        problem := null;
        expression := array_to_string(checked.expressions, ', ');
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
        elsif (select count(*) from regexp_matches(expression, of_moment, 'gi'))
              > (select count(*) from regexp_matches(read.definition, of_moment, 'gi') where checked.what is not null) then
            problem := 'names the current time';  -- a literal that has been read as one
        end if;
        if checked.what is null then
            exit when problem is null;
        elsif problem is not null then
            raise exception using
                errcode = 'invalid_parameter_value',
                message = format('%s %s, so the same event would be counted differently at another time', checked.what, problem),
                detail = format('The expression is %s.', expression),
                hint = coalesce(cure, format(
                    'Store the value in a column of %s when the event is inserted, and use that column.', declared.source));
        end if;
    end loop;
end
$$;
comment on function rollup_internal.validate_repeatable(rollup_internal.rollups, rollup_internal.target_column[], text[]) is
    'Refuses expressions of a declaration, or of its added measures, that are volatile or depend on the moment or the '
    'session.';
reset citus.enable_ddl_propagation;
