-- Objects are listed in the order in which they can be removed: those that depend on the rollups' tables before
-- these, the state last.
create or replace function rollup_internal.made_by_package(
    with_tables boolean, out step bigint, out kind text, out name text, out statement text)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    jobs jsonb := '[]';
    configured text;
begin
    if rollup_internal.may_read_jobs() then
        execute $query$
            select coalesce(jsonb_agg(j order by jobid), '[]') from cron.job j
             where jobname in ('rollup-run', 'rollup-partitions', 'rollup-expire', 'rollup-check', 'rollup-alerts', 'rollup-reports') and database = current_database()
            $query$ into jobs;
    end if;
    select substr(entry, length('search_path=') + 1) into configured
      from pg_db_role_setting s
     cross join unnest(s.setconfig) entry
     where s.setdatabase = (select oid from pg_database where datname = current_database())
       and s.setrole = 0
       and entry ~ '^search_path=.*[[:<:]]rollup_compat[[:>:]]';
    configured := regexp_replace(configured, '(^|, *)rollup_compat[[:>:]]', '');

    return query
    select row_number() over (order by x.kind_step, x.id, x.name), x.kind, x.name, x.statement
      from (select 1 as kind_step, (j ->> 'jobid')::bigint as id, 'job' as kind, j ->> 'jobname' as name,
                   format('select cron.unschedule(%s)', j ->> 'jobid') as statement
              from jsonb_array_elements(jobs) j
            union all
            select 2, r.id, 'function', r.function_name, format('drop function if exists %s(bigint)', r.function_name)
              from rollup_internal.rollups r
            union all
            select 2, g.oid::bigint, 'trigger', format('%s on %s', g.tgname, g.tgrelid::regclass),
                   format('drop trigger %I on %s', g.tgname, g.tgrelid::regclass)
              from pg_trigger g
             where g.tgfoid = 'rollup_internal.note_change()'::regprocedure
            union all
            select 3, r.id, 'view', v.name, format('drop view %s', v.name)
              from rollup_internal.rollups r
             cross join unnest('{live,bi}'::text[]) suffix
             cross join lateral (select rollup_internal.view_name(r.target, suffix)) v (name)
             where to_regclass(v.name) is not null
            union all
            select 4, r.id, 'table', r.target::text, format('drop table %s', r.target)
              from rollup_internal.rollups r
              join pg_class c on c.oid = r.target
             where with_tables
            union all
            select 4, k.keys::bigint, 'table', k.keys::text, format('drop table %s', k.keys)
              from rollup.event_keys k
            union all
            select 4, r.id, 'comment', format('%s.%I', r.target, a.attname),
                   format('comment on column %s.%I is null', r.target, a.attname)
              from rollup_internal.rollups r
              join pg_attribute a on a.attrelid = r.target and a.attnum > 0 and not a.attisdropped
             where not with_tables and col_description(r.target, a.attnum) like '%See rollup.measures.'
            union all
            select 5, n.oid::bigint, 'schema', n.nspname, format('drop schema %I cascade', n.nspname)
              from pg_namespace n
             where n.nspname in ('rollup', 'rollup_internal', 'rollup_compat', 'rollup_analytics', 'rollup_analytics_internal', 'rollup_serve')
            union all
            select 6, 0, 'setting', format('search_path of database %I', current_database()),
                   format('alter database %I %s', current_database(),
                          case when configured in ('', (select case source when 'configuration file' then setting else boot_val end
                                                          from pg_settings where pg_settings.name = 'search_path'))
                               then 'reset search_path'
                               else format('set search_path = %s', configured) end)
             where configured is not null) x;
end
$$;
comment on function rollup_internal.made_by_package(boolean) is
    'Objects that the package has created in this database, and the statements that remove them, in the order in '
    'which they can be removed; with_tables includes the rollups'' tables.';
