-- An existing table must accept every row that the rollup can write, and keep it as it is: a row that it rejects would be
-- rejected in every run. Rows are stored in partitions, which may have constraints and triggers of their own.
create or replace function rollup_internal.validate_target(
    target regclass, source regclass, columns jsonb, is_partitioned boolean)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    keys constant text[] := array(select c ->> 'name' from jsonb_array_elements(columns) c where c ->> 'role' <> 'measure');
    bucket_column constant name := (select c ->> 'name' from jsonb_array_elements(columns) c where c ->> 'role' = 'bucket');
    another constant text := 'Or name another table with target => ….';
    wanted record;
    present pg_attribute;
    found_type text;
    obstacle record;
    is_never_null boolean;
    relations constant oid[] := array(select p.relid::oid from pg_partition_tree(target) p union select target::oid);
begin
    if target = source or not exists (select from pg_class c where c.oid = target and c.relkind in ('r', 'p')) then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('%s cannot hold a rollup of %s', target, source),
            hint = 'The target must be a table of its own. Leave target out to have it created.';
    end if;
    select c.oid::regclass as name, i.inhparent::regclass as parent, c.relispartition into obstacle
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhrelid = target or i.inhparent = target and not c.relispartition
     limit 1;
    if found then
        raise exception using
            errcode = 'wrong_object_type',
            message = case when obstacle.relispartition
                then format('%s is a partition of %s and takes only some of the rows', obstacle.name, obstacle.parent)
                else format('%s inherits from %s, so that rows would appear in both', obstacle.name, obstacle.parent) end,
            hint = format('alter table %s %s %s. %s', case when obstacle.relispartition then obstacle.parent else obstacle.name end,
                          case when obstacle.relispartition then 'detach partition' else 'no inherit' end,
                          case when obstacle.relispartition then obstacle.name else obstacle.parent end, another);
    end if;
    select c.oid::regclass as name, c.relpersistence into obstacle
      from pg_class c where c.oid = any (relations) and c.relpersistence <> 'p'
     limit 1;
    if found then
        raise exception using
            errcode = 'wrong_object_type',
            message = case obstacle.relpersistence
                when 'u' then format('table %s is unlogged: a crash would empty it, and its events are not counted again', obstacle.name)
                else format('table %s is temporary', obstacle.name) end,
            hint = case obstacle.relpersistence when 'u' then format('alter table %s set logged. ', obstacle.name) else '' end || another;
    end if;

    for wanted in
        select c ->> 'name' as name, c ->> 'type' as type, c ->> 'role' as role, c ->> 'expression' as expression,
               c ->> 'definition' as definition
          from jsonb_array_elements(columns) c
    loop
        select * into present from pg_attribute
         where attrelid = target and attname = wanted.name and attnum > 0 and not attisdropped;
        found_type := format_type(present.atttypid, present.atttypmod);
        if present.attname is null then
            raise exception using
                errcode = 'undefined_column',
                message = format('table %s has no column %I, which the rollup needs', target, wanted.name),
                hint = format('alter table %s add column %I %s, or name another table with target => ….',
                              target, wanted.name, wanted.type);
        end if;
        if found_type <> wanted.type
           and not (found_type in ('text', 'character varying')
                    and wanted.type in ('text', 'character varying'))
           and not (wanted.type like '%hll(%' and found_type = split_part(wanted.type, '(', 1))
        then
            raise exception using
                errcode = 'datatype_mismatch',
                message = format('%s.%I is %s, but the rollup needs %s',
                                 target, wanted.name, found_type, wanted.type),
                hint = case when wanted.type like '%hll(%'
                    then 'Sketches with other parameters do not merge: set log2m in the measure to the table''s.'
                    else 'Change the column''s type, or name another table with target => ….' end;
        end if;
        if present.attcollation <> 0
           and wanted.definition <> concat(wanted.type, ' collate ' || nullif(present.attcollation, '"default"'::regcollation)::regcollation::text) then
            raise exception using
                errcode = 'collation_mismatch',
                message = format('%s.%I is compared otherwise than the events are: it needs %s',
                                 target, wanted.name, wanted.definition),
                hint = format('alter table %s alter column %I type %s. ', target, wanted.name, wanted.definition) || another;
        end if;
        if present.attgenerated <> '' or present.attidentity = 'a' then
            raise exception using
                errcode = 'wrong_object_type',
                message = format('%s.%I is generated, and the rollup writes to it', target, wanted.name),
                hint = another;
        end if;
        if present.attnotnull and wanted.role in ('dimension', 'measure') then
            if wanted.role = 'measure' then  -- a count of no events is 0, most others are NULL
                execute format('select (%s) is not null from (select (null::%s).*) e where false', wanted.expression, source)
                   into is_never_null;
            else
                select a.attnotnull into is_never_null from pg_attribute a
                 where a.attrelid = source and quote_ident(a.attname) = wanted.expression;
            end if;
            if is_never_null is not true then
                raise exception using
                    errcode = 'not_null_violation',
                    message = format('%s.%I is NOT NULL, but the rollup may have to write NULL', target, wanted.name),
                    hint = format('alter table %s alter column %I drop not null. %s', target, wanted.name, another);
            end if;
        end if;
    end loop;

    select a.attrelid::regclass as relation, a.attname into obstacle
      from pg_attribute a
      left join pg_attribute t on t.attrelid = target and t.attname = a.attname
     where a.attrelid = any (relations) and a.attnum > 0 and not a.attisdropped and a.attnotnull
       and case when a.attname in (select c ->> 'name' from jsonb_array_elements(columns) c) then not t.attnotnull
                else not t.atthasdef and t.attidentity = '' end
     order by a.attrelid <> target
     limit 1;
    if found then
        raise exception using
            errcode = 'not_null_violation',
            message = case when obstacle.attname in (select c ->> 'name' from jsonb_array_elements(columns) c)
                then format('%s.%I is NOT NULL, but the rollup may have to write NULL', obstacle.relation, obstacle.attname)
                else format('%s.%I is NOT NULL and has no default, but is not a column of the rollup', obstacle.relation,
                            obstacle.attname) end,
            hint = format('alter table %s alter column %I drop not null. %s', obstacle.relation, obstacle.attname, another);
    end if;
    -- CHECK, FOREIGN KEY and EXCLUDE constraints may reject a later value.
    select c.conname, c.conrelid::regclass as relation into obstacle
      from pg_constraint c
     where c.conrelid = any (relations) and c.contype in ('c', 'f', 'x')
     order by c.conrelid <> target
     limit 1;
    if found then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('constraint %I of table %s could refuse a row of the rollup', obstacle.conname, obstacle.relation),
            hint = format('alter table %s drop constraint %I. %s', obstacle.relation, obstacle.conname, another);
    end if;
    select i.indexrelid::regclass as name, i.indimmediate into obstacle
      from pg_index i
     where i.indrelid = any (relations) and i.indisunique
       and (not i.indimmediate
            or not keys <@ array(select a.attname::text from pg_attribute a
                                  where a.attrelid = i.indrelid and a.attnum = any (i.indkey)))
     limit 1;
    if found then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = case when obstacle.indimmediate
                then format('unique index %s would refuse rows that differ in %s', obstacle.name, array_to_string(keys, ', '))
                else format('unique constraint %s is deferrable, and ON CONFLICT cannot go by it', obstacle.name) end,
            hint = format('Drop it: the rollup makes a unique key of its own. %s', another);
    end if;
    select w.rulename, w.ev_class::regclass as relation into obstacle
      from pg_rewrite w
     where w.ev_class = any (relations) and w.ev_type in ('2', '3', '4')
     limit 1;
    if found then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('rule %I of table %s changes how rows are written', obstacle.rulename, obstacle.relation),
            hint = format('drop rule %I on %s. %s', obstacle.rulename, obstacle.relation, another);
    end if;
    -- A BEFORE trigger for each row may change the row, or skip it.
    select t.tgname, t.tgrelid::regclass as relation into obstacle
      from pg_trigger t
     where t.tgrelid = any (relations) and not t.tgisinternal and t.tgtype & 3 = 3
     order by t.tgrelid <> target
     limit 1;
    if found then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('trigger %I of table %s could change or skip a row of the rollup', obstacle.tgname, obstacle.relation),
            hint = format('drop trigger %I on %s. %s', obstacle.tgname, obstacle.relation, another);
    end if;

    if is_partitioned and rollup_internal.partition_column(target) is distinct from bucket_column then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('table %s is not partitioned by range of %I', target, bucket_column),
            hint = 'Leave partition_interval out, or name another table with target => ….';
    end if;
    -- The partitions of such a table are created by the package, with a default one.
    select p.partrelid::regclass as relation, p.partstrat into obstacle
      from pg_partitioned_table p
     where p.partrelid = any (relations)
       and not (is_partitioned and p.partrelid = target)
       and case when p.partstrat = 'h' then
               (select round(sum(1 / (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'modulus ([0-9]+)'))[1]::numeric), 9)
                  from pg_inherits i join pg_class c on c.oid = i.inhrelid
                 where i.inhparent = p.partrelid) is distinct from 1
           else p.partdefid = 0 end
     limit 1;
    if found then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = case obstacle.partstrat
                when 'h' then format('table %s lacks partitions for some remainders', obstacle.relation)
                else format('table %s has no default partition: an event of an unforeseen time or value would stop the rollup',
                            obstacle.relation) end,
            hint = case obstacle.partstrat
                when 'h' then 'Create a partition for each remainder. ' || another
                else format('create table … partition of %s default', obstacle.relation) end;
    end if;
end
$$;
comment on function rollup_internal.validate_target(regclass, regclass, jsonb, boolean) is
    'Refuses a table that cannot store all rows of a rollup: columns as [{"name", "type", "role", "expression", '
    '"definition"}, …].';
