-- Applies to the table and to the view of plain numbers.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.validate_column_names(
    declared rollup_internal.rollups, columns rollup_internal.target_column[])
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    doubled text;
    taken text;
begin
    if (select c.relname ~ '^[(].*[)]$' from pg_class c where c.oid = declared.source) then
        raise exception using
            errcode = 'reserved_name',
            message = format('%s has a name that is not free', declared.source),
            hint = 'Statements of the engine use names in parentheses: alter table … rename to ….';
    end if;
    with named as materialized (select c.column_name::text as name, c.shown from unnest(columns) c)
    select (select x.name
              from (select c.name from named c
                    union all
                    select a.attname from pg_attribute a where a.attrelid = declared.source and a.attnum > 0 and not a.attisdropped) x
             where x.name ~ '^[(].*[)]$'
                or exists (select from pg_attribute a where a.attrelid = 'pg_class'::regclass and a.attnum < 0 and a.attname = x.name)
             limit 1),
           (select x.name
              from (select 'table' as place, c.name from named c
                    union all
                    select 'view', c.name from named c where c.shown is null
                    union all
                    select 'view', k from named c cross join json_object_keys(c.shown) k) x
             group by x.place, x.name
            having count(*) > 1
             limit 1)
      into taken, doubled;
    if taken is not null then
        raise exception using
            errcode = 'reserved_name',
            message = format('column %I has a name that is not free', taken),
            hint = 'System columns have names such as ctid, and statements of the engine use names in parentheses.';
    end if;
    if doubled is not null then
        raise exception using
            errcode = 'duplicate_column',
            message = format('column %I is named twice', doubled),
            hint = 'Tenant, bucket, dimensions and measures each need a name of their own, and so does what a '
                   'measure adds to its name: avg _sum and _count, say.';
    end if;
end
$$;
comment on function rollup_internal.validate_column_names(rollup_internal.rollups, rollup_internal.target_column[]) is
    'Raises duplicate_column when two columns of a rollup have the same name, reserved_name for one that the server or '
    'the engine uses.';
reset citus.enable_ddl_propagation;
