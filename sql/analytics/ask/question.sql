-- The tenant is one constant in the WHERE clause, by which Citus finds the one shard.
create or replace function rollup_analytics_internal.question(
    source text, tenant text, range_from timestamptz, range_to timestamptz, user_column text default null,
    out relation regclass, out tenant_column name, out time_column name, out tenant_condition text,
    out in_range text, out until text, out users text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    r rollup_internal.rollups;
begin
    select s.relation, s.tenant_column, s.time_column into relation, tenant_column, time_column
      from rollup_analytics_internal.source_columns(source) s;
    if tenant is null then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = 'a question is asked about one tenant: tenant is NULL',
            hint = 'Name it: tenant => ''1''.';
    end if;
    if range_from is null or range_to is null or not isfinite(range_from) or not isfinite(range_to) or range_from > range_to then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('range_from and range_to must be two times in order, not %s and %s',
                             coalesce(range_from::text, 'NULL'), coalesce(range_to::text, 'NULL')),
            hint = 'The range includes range_from and excludes range_to.';
    end if;
    r.source := relation;
    r.tenant := tenant_column;
    r.time_column := time_column;
    tenant_condition := rollup_internal.tenant_condition(r, rollup_internal.parse_tenant(r, tenant));
    in_range := rollup_internal.all_of(rollup_internal.bounds_conditions(
        quote_ident(time_column), tstzrange(range_from, range_to)) || tenant_condition);
    until := rollup_internal.all_of(rollup_internal.bounds_conditions(
        quote_ident(time_column), tstzrange(null, range_to)) || tenant_condition);
    if user_column is not null then
        perform rollup_internal.expression_type(relation, rollup_internal.quote_if_column(relation, user_column));
        users := rollup_internal.quote_if_column(relation, user_column);
    end if;
end
$$;
comment on function rollup_analytics_internal.question(text, text, timestamptz, timestamptz, text) is
    'The parts of every question, checked: the table, the columns of tenant and time, and conditions as SQL: the '
    'tenant''s events in the range, and all of them until its end.';
