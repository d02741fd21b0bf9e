-- Views that users have built on them follow.
create or replace function rollup_internal.rename_views(target regclass, previous_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    renamed record;
begin
    for renamed in
        select v.oid::regclass as view, quote_ident(n.nspname) as schema, quote_ident(c.relname || '_' || s.suffix) as new_name,
               v.relnamespace <> n.oid as is_elsewhere, v.relname <> c.relname || '_' || s.suffix as is_renamed
          from unnest('{live,bi}'::text[]) s (suffix)
         cross join lateral parse_ident(previous_name) p (path)
          join pg_class v on v.relkind = 'v'
                         and v.oid = to_regclass(format('%I.%I', p.path[1], p.path[2] || '_' || s.suffix))
          join pg_class c on c.oid = target
          join pg_namespace n on n.oid = c.relnamespace
         where to_regclass(rollup_internal.view_name(target, s.suffix)) is null
           and exists (select from pg_depend d join pg_rewrite w on w.oid = d.objid
                        where d.classid = 'pg_rewrite'::regclass and d.refobjid = target and w.ev_class = v.oid)
    loop
        if renamed.is_renamed then
            execute format('alter view %s rename to %s', renamed.view, renamed.new_name);
        end if;
        if renamed.is_elsewhere then
            execute format('alter view %s set schema %s', renamed.view, renamed.schema);
        end if;
    end loop;
end
$$;
comment on function rollup_internal.rename_views(regclass, text) is
    'Renames the views of a rollup''s table after the table was renamed.';
