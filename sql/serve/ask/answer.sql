-- One statement: rows of the range and of the one before it are read in one snapshot. Pages are cut by the order and
-- the keys of the last row, so that a page begins where the one before ended, whatever has been counted since.
--
-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.answer(q jsonb)
    returns json
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set datestyle = 'ISO, MDY'
    set timezone = 'UTC'
    set jit = off
as $$
#variable_conflict use_variable
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(q ->> 'rollup');
    finest constant rollup_internal.rollups := rollup_serve.finest_member(r.name);
    dimensions constant text[] := array(select jsonb_array_elements_text(q -> 'dimensions'));
    names constant text[] := array(select jsonb_array_elements_text(q -> 'measures'));
    fields constant rollup_serve.fields[] := array(select f from rollup_serve.fields_of(r) f order by f.place);
    is_series constant boolean := q ->> 'step' is not null;
    grid timestamptz[];
    previous_grid timestamptz[];
    ordered_by constant text := ltrim(q ->> 'order', '-');
    is_descending constant boolean := q ->> 'order' like '-%';
    compares constant boolean := q ->> 'previous_from' is not null;
    key_columns constant text[] := array(select quote_ident(d) from unnest(dimensions) d)
                                   || case when is_series then array['"(place)"'] end;
    same_key constant text := rollup_internal.all_of(array(
        select format('k.%1$s is not distinct from x.%1$s', c) from unnest(key_columns) c));
    is_list constant boolean := exists (select from unnest(fields) f where f.name = ordered_by and f.role = 'measure' and f.type = 'list');
    statement text;
    answered json;
begin
    if is_series then
        grid := rollup_serve.grid(finest, (q ->> 'from')::timestamptz, (q ->> 'to')::timestamptz,
                                  (q ->> 'step')::interval, q ->> 'step_zone');
        if compares then
            previous_grid := rollup_serve.grid(finest, (q ->> 'previous_from')::timestamptz,
                                               (q ->> 'previous_to')::timestamptz, (q ->> 'step')::interval, q ->> 'step_zone');
        end if;
    end if;
    if ordered_by <> 'bucket' and not ordered_by = any (names) and not ordered_by = any (dimensions)
       or ordered_by = 'bucket' and not is_series
       or ordered_by = any (dimensions) and is_descending
       or is_list and (is_series or dimensions <> '{}') then
        raise exception using
            errcode = 'undefined_column',
            message = format('the answer cannot be ordered by %s', q ->> 'order'),
            hint = 'Order by a measure that is asked for, by bucket, or ascending by a dimension.';
    end if;

    statement := rollup_internal.fill_template(
        $text$with c as ({current}),
p as ({previous}),
k as ({keys}),
x as (
    select {key_list}, {values}, {sort} as "(sort)",
           jsonb_build_array({tie}) ::text collate "C" as "(tie)"
      from k
      left join c x on {same_key}
      left join p on {same_previous}),
page as (
    select *, row_number() over (order by "(sort)", "(tie)") as "(n)"
      from x
     where {after}
     order by "(sort)", "(tie)"
     limit {limit} + 1)
select json_build_object(
    'rows', coalesce((select json_agg(json_build_object({members}) order by "(n)") from page where "(n)" <= {limit}), '[]'),
    'next', (select json_build_array("(sort)"::text, "(tie)") from page
              where "(n)" = {limit} and exists (select from page where "(n)" > {limit})))$text$,
        jsonb_build_object(
            'current', rollup_serve.query_text(r.name, (q ->> 'from')::timestamptz, (q ->> 'to')::timestamptz, names,
                                               q ->> 'tenant', dimensions, q -> 'filters', grid, (q ->> 'live')::boolean),
            'previous', case when compares then
                rollup_serve.query_text(r.name, (q ->> 'previous_from')::timestamptz, (q ->> 'previous_to')::timestamptz, names,
                                        q ->> 'tenant', dimensions, q -> 'filters', previous_grid, (q ->> 'live')::boolean)
                else 'select * from c where false' end,
            'keys', case
                when key_columns = '{}' then 'select'
                when (q ->> 'fill')::boolean and dimensions = '{}' then
                    format('select generate_series(1, %s) as "(place)"', cardinality(grid) - 1)
                when (q ->> 'fill')::boolean then rollup_internal.fill_template(
                    'select g as "(place)", d.* from generate_series(1, {steps}) g
                      cross join (select {dimensions} from c union select {dimensions} from p) d',
                    jsonb_build_object('steps', cardinality(grid) - 1,
                                       'dimensions', (select string_agg(quote_ident(d), ', ') from unnest(dimensions) d)))
                else format('select %1$s from c union select %1$s from p', array_to_string(key_columns, ', ')) end,
            'key_list', coalesce((select string_agg(format('k.%1$s', c), ', ') from unnest(key_columns) c), '1 as "(one)"'),
            'values', (select string_agg(format(
                           case when f.nothing is null then 'x.%1$I as %1$I' else 'coalesce(x.%1$I, %2$s) as %1$I' end
                           || case when compares and f.type in ('number', 'list') then
                                  case when f.nothing is null then ', p.%1$I as %3$I' else ', coalesce(p.%1$I, %2$s) as %3$I' end
                              else '' end, f.name, f.nothing, f.name || ' previous'), ', ')
                         from unnest(names) n (name) join unnest(fields) f on f.name = n.name and f.role = 'measure'),
            'sort', case when ordered_by = 'bucket' then format('%s"(place)"::numeric', case when is_descending then '-k.' else 'k.' end)
                         when ordered_by = any (dimensions) or is_list then '0::numeric'
                         else format('%s coalesce(x.%I::numeric, ''-Infinity'')', case when is_descending then '-' end, ordered_by) end,
            'tie', concat_ws(', ', case when ordered_by = any (dimensions) then format('k.%I::text', ordered_by) end,
                             (select string_agg(format('k.%I::text', d), ', ') from unnest(dimensions) d),
                             case when is_series then 'lpad(k."(place)"::text, 9, ''0'')' end),
            'same_key', same_key,
            'same_previous', rollup_internal.all_of(array(
                select format('k.%1$s is not distinct from p.%1$s', c) from unnest(key_columns) c)),
            'after', case when jsonb_typeof(q -> 'after') = 'array' then
                         format('("(sort)", "(tie)") > (%L::numeric, %L)', q -> 'after' ->> 0, q -> 'after' ->> 1)
                     else 'true' end,
            'limit', (q ->> 'limit')::int,
            'members', concat_ws(', ',
                case when is_series then format('''bucket'', (%L::timestamptz[])["(place)"]', grid) end,
                (select string_agg(format('%1$L, %1$I', d), ', ') from unnest(dimensions) d),
                (select string_agg(case f.type when 'list' then format(case when compares then
                            '%1$L, (select coalesce(json_agg(json_build_object(''item'', t.item, ''value'', t.value, ''previous'', b.value)'
                            ' order by t.value desc, t.item collate "C"), ''[]'') from rollup.top(%1$I, %2$s) t left join rollup.top(%3$I, 1000) b on b.item = t.item)' else
                            '%1$L, (select coalesce(json_agg(json_build_object(''item'', t.item, ''value'', t.value)'
                            ' order by t.value desc, t.item collate "C"), ''[]'') from rollup.top(%1$I, %2$s) t)' end, f.name, (q ->> 'items')::int, f.name || ' previous')
                        else format('%1$L, %1$I', f.name) end, ', ')
                   from unnest(names) n (name) join unnest(fields) f on f.name = n.name and f.role = 'measure'),
                case when compares then format('''previous'', json_build_object(%s)', (
                    select string_agg(format('%L, %I', f.name, f.name || ' previous'), ', ')
                      from unnest(names) n (name) join unnest(fields) f on f.name = n.name and f.role = 'measure'
                     where f.type = 'number')) end)));
    execute statement into answered;
    return json_build_object(
        'rollup', r.name, 'site_id', q ->> 'site_id', 'time_zone', q ->> 'time_zone',
        'from', q -> 'from', 'to', q -> 'to', 'grain', q ->> 'step', 'live', q -> 'live', 'now', now(),
        'previous_from', q -> 'previous_from', 'previous_to', q -> 'previous_to',
        'dimensions', q -> 'dimensions', 'measures', q -> 'measures',
        'rows', answered -> 'rows', 'next', answered -> 'next');
end
$$;
comment on function rollup_serve.answer(jsonb) is
    'Answers a question that rollup_serve.resolve has resolved: rows with their bucket, dimensions and measures, those of '
    'the previous range if asked for, and the position of the next page.';
reset citus.enable_ddl_propagation;
