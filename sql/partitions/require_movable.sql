-- A row that moves is deleted first, and a foreign key would then reject the move or delete the rows that refer to it.
create or replace function rollup_internal.require_movable(relation regclass, default_partition regclass)
    returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    reference record;
begin
    select c.conname as name, c.conrelid::regclass as referencing into reference
      from pg_constraint c
     where c.contype = 'f'
       and c.conparentid = 0
       and c.confrelid in (select a.relid from pg_partition_ancestors(default_partition) a)
     order by 2, 1
     limit 1;
    if found then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('rows of %s cannot move to new partitions of %s: foreign key %I of %s refers to them',
                             default_partition, relation, reference.name, reference.referencing),
            hint = format('alter table %s drop constraint %I, then select rollup.maintain_partitions(), then add it again',
                          reference.referencing, reference.name);
    end if;
end
$$;
comment on function rollup_internal.require_movable(regclass, regclass) is
    'Raises object_not_in_prerequisite_state if a foreign key refers to rows of a default partition.';
