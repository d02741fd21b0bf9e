-- A client streams the result with COPY, so that neither side holds more than some rows. Buckets that begin in the range
-- are in it, so that adjacent ranges have no row in common and lack none.
--
-- The text is valid under any search_path without a schema before pg_catalog.
create or replace function rollup_internal.export_query(
    name text, range_from timestamptz default null, range_to timestamptz default null, tenant text default null,
    sketches boolean default false, live boolean default false)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    r rollup_internal.rollups;
    source regclass;
    time_column name;
    bounds tstzrange;
    conditions text[];
begin
    if range_from >= range_to then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('a range ends after it begins, not from %s to %s', range_from, range_to);
    end if;
    bounds := tstzrange(range_from, range_to);
    select * into r from rollup_internal.rollups x where x.name = name;
    if found then
        conditions := rollup_internal.rows_conditions(r, bounds, rollup_internal.parse_tenant(r, tenant), 'r');
        return format('select %s from %s r where %s',
                      case when sketches then 'r.*' else rollup_internal.shown_columns_text(rollup_internal.columns_of(r)) end,
                      case when live then rollup_internal.view_name(r.target, 'live') else r.target::text end,
                      rollup_internal.all_of(conditions));
    end if;

    source := rollup_internal.find_source(name);
    if sketches or live then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('%s is a table of events, which has no %s', source,
                             case when live then 'live view' else 'sketches' end),
            hint = 'See rollup.rollups for the names of rollups.';
    end if;
    time_column := coalesce(
        rollup_internal.partition_column(source),
        (select x.time_column from rollup_internal.rollups x where x.source = source order by x.id limit 1));
    if not bounds = '(,)' then
        conditions := rollup_internal.bounds_conditions(format('r.%I', time_column), bounds);
    end if;
    if tenant is not null then
        select * into r from rollup_internal.rollups x where x.source = source order by x.tenant is null, x.id limit 1;
        conditions := conditions || rollup_internal.tenant_condition(r, rollup_internal.parse_tenant(r, tenant), 'r');
    end if;
    return format('select r.* from %s r where %s', source, rollup_internal.all_of(conditions));
end
$$;
comment on function rollup_internal.export_query(text, timestamptz, timestamptz, text, boolean, boolean) is
    'A query, for COPY, of the rows of a rollup whose buckets begin in a range, or of the events of a source in that '
    'range, of one tenant or all: numbers as in the view of plain numbers or, with sketches, the columns of its table; '
    'with live, events that are not counted yet are included. If a rollup and a source have the same name, the rollup is '
    'meant.';
