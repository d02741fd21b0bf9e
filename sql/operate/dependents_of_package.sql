-- Finds users' objects that would break. Objects of the package are in its schemas and have a comment, except for
-- the counting functions and the views of the rollups' tables, which are in users' schemas. A user's object in a
-- schema of the package depends on that schema.
create or replace function rollup_internal.dependents_of_package(with_tables boolean)
    returns table (dependent text, used text)
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    with namespaces as (
        select oid from pg_namespace where nspname in ('rollup', 'rollup_internal', 'rollup_compat', 'rollup_analytics', 'rollup_analytics_internal', 'rollup_serve')),
    relations as (
        select c.oid, c.reltype
          from pg_class c
          join namespaces n on n.oid = c.relnamespace
         where c.relkind not in ('r', 'p', 'v', 'm', 'f', 'c')
            or obj_description(c.oid, 'pg_class') is not null
            or c.relkind = 'c' and obj_description(c.reltype, 'pg_type') is not null
        union
        select v.oid, v.reltype
          from rollup_internal.rollups r
         cross join unnest('{live,bi}'::text[]) suffix
          join pg_class v
            on v.oid = to_regclass(rollup_internal.view_name(r.target, suffix)) and v.relkind = 'v'
        union
        select c.oid, c.reltype
          from rollup_internal.rollups r
         cross join lateral pg_partition_tree(r.target) t
          join pg_class c on c.oid = t.relid
         where with_tables
        union
        select c.oid, c.reltype
          from rollup_internal.rollups r
          join pg_class c on c.oid = r.target
         where with_tables),
    types as (
        select reltype as oid from relations where reltype <> 0
        union
        select t.oid
          from pg_type t
          join namespaces n on n.oid = t.typnamespace
         where obj_description(t.oid, 'pg_type') is not null),
    package (class, oid) as (
        select 'pg_namespace'::regclass, oid from namespaces
        union all
        select 'pg_class'::regclass, oid from relations
        union all
        select 'pg_type'::regclass, oid from types
        union all
        select 'pg_type'::regclass, t.typarray from types join pg_type t using (oid) where t.typarray <> 0
        union all
        select 'pg_operator'::regclass, o.oid from pg_operator o join namespaces n on n.oid = o.oprnamespace
        union all
        select 'pg_proc'::regclass, p.oid
          from pg_proc p
          join namespaces n on n.oid = p.pronamespace
         where obj_description(p.oid, 'pg_proc') is not null
        union all
        select 'pg_proc'::regclass, to_regprocedure(function_name || '(bigint)')
          from rollup_internal.rollups),
    -- Rules, defaults, constraints, triggers and policies are reported as the relation they belong to.
    dependencies as (
        select case when w.relation is null then d.classid else 'pg_class'::regclass end as class,
               coalesce(w.relation, d.objid) as oid,
               d.refclassid, d.refobjid
          from pg_depend d
          join package p on p.class = d.refclassid and p.oid = d.refobjid
          left join lateral (
                select ev_class from pg_rewrite where d.classid = 'pg_rewrite'::regclass and oid = d.objid
                union all
                select adrelid from pg_attrdef where d.classid = 'pg_attrdef'::regclass and oid = d.objid
                union all
                select nullif(conrelid, 0) from pg_constraint
                 where d.classid = 'pg_constraint'::regclass and oid = d.objid
                union all
                select tgrelid from pg_trigger where d.classid = 'pg_trigger'::regclass and oid = d.objid
                union all
                select polrelid from pg_policy where d.classid = 'pg_policy'::regclass and oid = d.objid
               ) w (relation) on true
         where d.deptype = 'n'
           and (d.classid, d.refobjid) <> ('pg_trigger'::regclass, 'rollup_internal.note_change()'::regprocedure))
    select distinct pg_describe_object(d.class, d.oid, 0), pg_describe_object(d.refclassid, d.refobjid, 0)
      from dependencies d
     where not exists (select from package p where p.class = d.class and p.oid = d.oid)
       -- Citus hides the shards on this node from pg_class.
       and (d.class <> 'pg_class'::regclass or exists (select from pg_class c where c.oid = d.oid))
     order by 1, 2;
end
$$;
comment on function rollup_internal.dependents_of_package(boolean) is
    'Objects that do not belong to the package and depend on it, and what they depend on; with_tables includes '
    'the rollups'' tables.';
