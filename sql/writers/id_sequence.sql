-- Returns the sequence behind an id column, or raises an error that says why the column cannot be used:
-- exactly-once counting requires ids that a sequence hands out one by one.
create or replace function rollup.id_sequence(source regclass, id_column name)
    returns regclass
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    sequence regclass;
    column_type regtype;
    sequence_name text;
begin
    select a.atttypid into column_type
      from pg_attribute a
     where a.attrelid = source and a.attname = id_column and a.attnum > 0 and not a.attisdropped;
    if not found then
        raise exception using
            errcode = 'undefined_column',
            message = format('%s has no column %I', source, id_column),
            hint = 'A source needs a bigint id drawn from a sequence; name it with id_column => ….';
    end if;
    select format('%I.%I', n.nspname, c.relname || '_' || id_column || '_seq') into sequence_name
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = source;
    if column_type <> 'bigint'::regtype then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('%s.%I is %s, not bigint', source, id_column, column_type),
            detail = 'Smaller ids run out, and Citus workers cannot draw them.',
            hint = case when column_type in ('integer'::regtype, 'smallint'::regtype)
                then format('%salter table %s alter column %I type bigint',
                            'alter sequence ' || pg_get_serial_sequence(source::text, id_column) || ' as bigint; ',
                            source, id_column)
                else format('alter table %s add column event_id bigserial, and declare with id_column => ''event_id''',
                            source) end;
    end if;

    -- Called in the column's default, or owned by it (serial, identity). The default has precedence: a
    -- column may still own a sequence that its default does not use. Each relation is looked up by itself: pg_class may be large.
    select s.oid::regclass into sequence
      from pg_attribute a
     cross join lateral (
           select d.refobjid, 1
             from pg_attrdef f
             join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = f.oid
            where f.adrelid = source and f.adnum = a.attnum and d.refclassid = 'pg_class'::regclass
           union all
           select d.objid, 2
             from pg_depend d
            where d.refclassid = 'pg_class'::regclass and d.refobjid = source and d.refobjsubid = a.attnum
              and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')) x (found, place)
     cross join lateral (select c.oid from pg_class c where c.oid = x.found and c.relkind = 'S' offset 0) s
     where a.attrelid = source and a.attname = id_column
     order by x.place
     limit 1;
    if sequence is null then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('the ids of %s.%I do not come from a sequence', source, id_column),
            hint = rollup_internal.fill_template(
                'create sequence {sequence} owned by {source}.{id}; '
                'select setval({quoted}, coalesce(max({id}), 0) + 1, false) from {source}; '
                'alter table {source} alter column {id} set default nextval({quoted})',
                jsonb_build_object('sequence', sequence_name, 'quoted', quote_literal(sequence_name),
                                   'source', source, 'id', quote_ident(id_column)));
    end if;
    return sequence;
end
$$;
comment on function rollup.id_sequence(regclass, name) is 'The sequence that generates a source''s bigint ids.';
