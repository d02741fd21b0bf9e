-- Members have the same columns, except for the bucket's name; adopted tables may have them in another order, and
-- additional ones.
create or replace function rollup_internal.query_part_text(
    shaped_as text, rollup_name text, part_from timestamptz, part_to timestamptz, tenant text, live boolean)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    shape rollup_internal.rollups;
    r rollup_internal.rollups;
    relation regclass;
begin
    select * into strict shape from rollup_internal.rollups x where x.name = shaped_as;
    select * into r from rollup_internal.rollups x where x.name = rollup_name;
    if not found then
        return null;
    end if;
    relation := case when live then rollup_internal.view_name(r.target, 'live')::regclass else r.target end;
    return rollup_internal.fill_template(
        'select {columns} from {relation} where {condition}',
        jsonb_build_object(
            'columns', (
                select string_agg(case when own.attname is null then format('null::%s as %I', t.type, a.attname)
                                       else format('%I::%s as %I', own.attname, t.type, a.attname) end, ', '
                                  order by a.attnum)
                  from pg_attribute a
                 cross join lateral format_type(a.atttypid, a.atttypmod) t (type)
                  left join pg_attribute own
                    on own.attrelid = relation and own.attnum > 0 and not own.attisdropped
                   and own.attname = case when a.attname = shape.bucket_column then r.bucket_column else a.attname end
                 where a.attrelid = shape.target and a.attnum > 0 and not a.attisdropped),
            'relation', relation,
            'condition', rollup_internal.all_of(
                rollup_internal.rows_conditions(r, tstzrange(part_from, part_to), tenant))));
end
$$;
comment on function rollup_internal.query_part_text(text, text, timestamptz, timestamptz, text, boolean) is
    'SQL for a rollup''s rows in a range, with the columns of another member''s table; NULL without a rollup.';
