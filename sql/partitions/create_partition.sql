-- A partition that is created as one locks the whole table from then on. A table of its own can be filled first, and
-- attaching it takes a moment. It has the indexes of the partitioned table already, so that none is built under the
-- lock, and a constraint that proves its range, so that its rows are not read again.
--
-- pg_partman copies what its template and the privileges of the parent say to the partitions that it creates; the same
-- is done here.
create or replace function rollup_internal.create_partition(
    relation regclass, partition_schema name, partition_name name, range_from timestamptz, range_to timestamptz)
    returns regclass
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
declare
    name constant text := format('%I.%I', partition_schema, partition_name);
    extension constant name := rollup_internal.extension_schema('pg_partman');
    parent record;
    template text;
    inherits_privileges boolean;
begin
    if to_regclass(name) is not null then
        raise exception using
            errcode = 'duplicate_table',
            message = format('%s exists already, and is not a partition of %s', name, relation),
            detail = concat('It is the name of the ', case when range_from is null then 'default partition'
                            else format('partition from %s to %s', range_from, range_to) end, '.'),
            hint = format('alter table %s rename to %I', name, format('%s_old', left(partition_name, 59)));
    end if;
    select n.nspname, c.relname, t.spcname, pg_get_userbyid(c.relowner) as owner into parent
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      left join pg_tablespace t on t.oid = c.reltablespace
     where c.oid = relation;
    execute concat(format('create table %s (like %s including defaults including constraints including generated including storage '
                   'including compression including comments including indexes)',
                   name, relation), ' tablespace ' || quote_ident(parent.spcname));
    if rollup_internal.is_partman_managed(relation) then
        execute format('select template_table, inherit_privileges from %I.part_config where parent_table = $1', extension)
           into template, inherits_privileges using relation::text;
        if template is not null then
            execute format('select %I.inherit_template_properties($1, $2, $3)', extension)
              using relation::text, partition_schema::text, partition_name::text;
        end if;
        if inherits_privileges then
            execute format('select %I.apply_privileges($1, $2, $3, $4)', extension)
              using parent.nspname::text, parent.relname::text, partition_schema::text, partition_name::text;
        end if;
    end if;
    -- Otherwise one that a superuser has created could not expire by the owner of the table.
    if parent.owner <> current_user and pg_has_role(parent.owner, 'member')
       and has_schema_privilege(parent.owner, partition_schema, 'create') then
        execute format('alter table %s owner to %I', name, parent.owner);
    end if;
    if range_from is not null then
        execute format('alter table %s add constraint rollup_range check (%s)', name, rollup_internal.all_of(
                           rollup_internal.bounds_conditions(quote_ident(rollup_internal.partition_column(relation)),
                                                             tstzrange(range_from, range_to))));
    end if;
    return name::regclass;
end
$$;
comment on function rollup_internal.create_partition(regclass, name, name, timestamptz, timestamptz) is
    'Creates a table that can be attached to a partitioned table for a range of times or, without one, as its default partition. Raises duplicate_table when '
    'there is a table of its name.';
