-- Sessions are read from pg_locks, which every role may read. Writers on Citus workers are named by the deferral.
--
-- On Citus the view stays on the coordinator, where the ledger is.
set citus.enable_ddl_propagation to off;
call rollup_internal.replace_view('rollup.waiting', $query$
    with recursive running as (
        select r.name, r.source, l.pid
          from pg_catalog.pg_locks l
          join rollup_internal.rollups r
            on l.locktype = 'advisory' and l.objsubid = 1
           and (l.classid::bigint << 32) | l.objid::bigint = pg_catalog.hashtextextended('rollup.run', r.id)
         where l.granted
           and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
    ), tree as (
        select s.source as root, s.source::oid as relation from (select distinct source from running) s
        union all
        select t.root, i.inhrelid from tree t join pg_catalog.pg_inherits i on i.inhparent = t.relation
    ), waits as (
        -- A run that sleeps waits for the open writers of its source.
        select pg_catalog.format('run of %I', u.name) as waiter, u.pid as waiter_pid, w.pid as blocker_pid,
               u.source::text as relation, a.query_start as since, null::text as message
          from running u
          join pg_catalog.pg_stat_activity a on a.pid = u.pid and a.wait_event = 'PgSleep'
          join tree t on t.root = u.source
          join pg_catalog.pg_locks w
            on w.relation = t.relation and w.mode = 'RowExclusiveLock' and w.granted and w.pid <> u.pid
           and w.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
        union
        select coalesce((select pg_catalog.format('run of %I', min(u.name)) from running u where u.pid = l.pid),
                        pg_catalog.format('pid %s', l.pid)),
               l.pid, b.pid, l.relation::regclass::text, l.waitstart, null
          from pg_catalog.pg_locks l
         cross join lateral pg_catalog.unnest(pg_catalog.pg_blocking_pids(l.pid)) b (pid)
         where not l.granted
           and coalesce(l.database, 0) in (0, (select oid from pg_catalog.pg_database
                                                where datname = pg_catalog.current_database()))
           and exists (select from pg_catalog.pg_stat_activity a
                        where a.pid = l.pid and a.datname = pg_catalog.current_database())
        union
        select pg_catalog.format('run of %I', r.name), null, null, r.source::text, d.started_at, d.message
          from rollup_internal.rollups r
         cross join lateral (select x.status, x.started_at, x.message from rollup_internal.runs x
                              where x.rollup = r.name order by x.started_at desc, x.id desc limit 1) d
         where d.status = 'deferred'
           and not exists (select from running u where u.name = r.name)
    )
    select w.waiter, w.waiter_pid, w.blocker_pid,
           coalesce(w.message, pg_catalog.concat_ws(', ', pg_catalog.format('pid %s', w.blocker_pid),
                    'user ' || a.usename, nullif(a.application_name, ''), a.state)) as waits_for,
           w.relation,
           pg_catalog.round(extract(epoch from pg_catalog.clock_timestamp() - w.since), 1) as seconds
      from waits w
      left join pg_catalog.pg_stat_activity a on a.pid = w.blocker_pid
     order by w.since
$query$);
reset citus.enable_ddl_propagation;
comment on view rollup.waiting is
    'Who waits for whom: runs for open writers, sessions for locks, and rollups whose last run was deferred.';
comment on column rollup.waiting.waits_for is
    'The session that is waited for: its process, user, application and state, as far as this role may see them; or '
    'why the last run was deferred.';
comment on column rollup.waiting.seconds is 'How long it has been waiting.';
