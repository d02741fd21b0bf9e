-- Sizes come from catalogs alone, without a lock on any partition: they are those of the last vacuum or analyze.
--
-- On Citus the function stays on the coordinator, where declarations are.
set citus.enable_ddl_propagation to off;
create or replace function rollup_internal.metric_samples(
    out metric text, out suffix text, out labels jsonb, out value double precision)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on
    set extra_float_digits = 1
    set quote_all_identifiers = off
    set lock_timeout = '100ms'
as $$
#variable_conflict use_column
declare
    reports constant jsonb := rollup_internal.node_reports();
    nodes_answer constant boolean := not exists (
        select from jsonb_to_recordset(reports) n (problem text) where n.problem is not null);
    node_pages jsonb := '{}';
begin
    return query
    select 'rollup_build_info', '', jsonb_build_object(
               'version', rollup.version(), 'postgresql', current_setting('server_version')), 1::float8;

    return query
    with status as materialized (select * from rollup_internal.rollup_status(reports))
    select 'rollup_source_ids_total', '', jsonb_build_object('source', s.source::text), max(s.issued_ids)::float8
      from status s where s.issued_ids is not null group by s.source
    union all
    select x.metric, '', jsonb_build_object('rollup', s.name), x.value
      from status s
     cross join lateral (values
           ('rollup_lag_seconds', s.lag_seconds::float8),
           ('rollup_lag_events', s.lag_events::float8),
           ('rollup_lag_incomplete', (s.note is not null or s.lag_events is null)::int::float8),
           ('rollup_backlog_ids', s.backlog_ids::float8),
           ('rollup_set_aside_events', s.set_aside::float8)) x (metric, value)
     where x.value is not null;

    return query
    select x.metric, '', jsonb_build_object('rollup', r.name), x.value
      from rollup_internal.rollups r
      left join rollup_internal.correction_totals t on t.rollup = r.name
      left join (select s.rollup, s.samples, s.differences, s.last_at from rollup_internal.sample_checks s) c on c.rollup = r.name
     cross join lateral (select count(*) as number, min(p.noted_at) as oldest from rollup.pending_changes p where p.rollup = r.name) p
     cross join lateral (values
           ('rollup_pending_changes', p.number::float8),
           ('rollup_pending_change_seconds', coalesce(greatest(extract(epoch from clock_timestamp() - p.oldest), 0), 0)::float8),
           ('rollup_corrected_buckets_total', coalesce(t.buckets, 0)::float8),
           ('rollup_check_samples_total', c.samples::float8),
           ('rollup_check_differences', c.differences::float8),
           ('rollup_check_timestamp_seconds', extract(epoch from c.last_at)::float8)) x (metric, value)
     where x.value is not null;
    return query
    select 'rollup_last_success_timestamp_seconds', '', jsonb_build_object('rollup', t.rollup),
           extract(epoch from t.last_at)::float8
      from rollup_internal.run_totals t where t.status = 'done';
    return query
    select 'rollup_runs_total', '', jsonb_build_object('rollup', r.name, 'status', s.status), coalesce(t.runs, 0)::float8
      from rollup_internal.rollups r
     cross join unnest(array['done', 'deferred', 'failed']) s (status)
      left join rollup_internal.run_totals t on t.rollup = r.name and t.status = s.status;
    return query
    select x.metric, '', jsonb_build_object('rollup', t.rollup), x.value
      from rollup_internal.run_totals t
     cross join lateral (values ('rollup_run_events_total', t.events::float8),
                                ('rollup_run_rows_total', t.rows::float8)) x (metric, value)
     where t.status = 'done';
    return query
    select 'rollup_run_duration_seconds', x.suffix, jsonb_build_object('rollup', t.rollup) || x.labels, x.value
      from (select t.rollup, sum(t.runs) as runs, sum(t.seconds) as seconds
              from rollup_internal.run_totals t group by 1) t
     cross join lateral (
           select '_bucket', jsonb_build_object('le', l.upper::text), l.place,
                  (select sum(u.durations[l.place]) from rollup_internal.run_totals u where u.rollup = t.rollup)::float8
             from unnest(rollup_internal.duration_limits()) with ordinality l (upper, place)
           union all select '_bucket', '{"le": "+Inf"}', 98, t.runs::float8
           union all select '_sum', '{}', 99, t.seconds
           union all select '_count', '{}', 100, t.runs::float8) x (suffix, labels, place, value)
     order by t.rollup, x.place;

    -- On Citus the tables of the coordinator are empty; each node adds up its shards. A node that did not answer is not
    -- asked again: it would be waited for, and the size without its shards would be wrong.
    if not nodes_answer then
        return query select 'rollup_hidden', '', jsonb_build_object('metric', 'rollup_partition_bytes'), 1::float8;
    elsif rollup_internal.extension_schema('citus') is not null then
        select coalesce(jsonb_object_agg(x.relation, x.pages), '{}') into node_pages
          from (select e.key as relation, sum(e.value::bigint) as pages
                  from rollup_internal.ask_each_node(
                           $query$select coalesce(jsonb_object_agg(s.logicalrelid::text, s.pages), '{}')
                                    from (select d.logicalrelid, sum(c.relpages + coalesce(t.relpages, 0) + coalesce(i.pages, 0)) as pages
                                            from pg_dist_shard d
                                            join pg_class c on c.oid = to_regclass(shard_name(d.logicalrelid, d.shardid))
                                            left join pg_class t on t.oid = c.reltoastrelid
                                            left join lateral (select sum(y.relpages) as pages from pg_index n
                                                                 join pg_class y on y.oid = n.indexrelid
                                                                where n.indrelid = c.oid) i on true
                                           group by 1) s$query$) n
                 cross join lateral jsonb_each_text(n.result::jsonb) e
                 where n.problem is null
                 group by 1) x;
    end if;
    return query
    with recursive tables as (
        select distinct t.relation
          from rollup_internal.rollups r
         cross join lateral unnest(array[r.source, r.target]) t (relation)
          join pg_class c on c.oid = t.relation
    ), tree as (
        select t.relation, t.relation::oid as part from tables t
        union all
        select t.relation, i.inhrelid from tree t join pg_inherits i on i.inhparent = t.part
    ), sizes as (
        select t.relation,
               count(*) filter (where c.relispartition and c.relkind <> 'p') as partitions,
               sum(greatest(c.relpages, 0) + coalesce(greatest(o.relpages, 0), 0) + coalesce(i.pages, 0)
                   + coalesce((node_pages ->> t.part::regclass::text)::bigint, 0)) * current_setting('block_size')::bigint as bytes
          from tree t
          join pg_class c on c.oid = t.part
          left join pg_class o on o.oid = c.reltoastrelid
          left join lateral (select sum(greatest(y.relpages, 0)) as pages from pg_index n
                               join pg_class y on y.oid = n.indexrelid
                              where n.indrelid = c.oid) i on true
         group by 1
    )
    select x.metric, '', jsonb_build_object('table', s.relation::text), x.value
      from sizes s
     cross join lateral (values ('rollup_partition_bytes', case when nodes_answer then s.bytes::float8 end),
                                ('rollup_partitions', nullif(s.partitions, 0)::float8)) x (metric, value)
     where x.value is not null;
    begin
        return query
        select 'rollup_partitions_ahead', '', jsonb_build_object('table', t.relation::text),
               (count(*) filter (where p.range_from > now()))::float8
          from (select distinct x.relation from rollup_internal.rollups r
                 cross join lateral unnest(array[r.source, r.target]) x (relation)
                  join pg_partitioned_table t on t.partrelid = x.relation) t
         cross join lateral rollup.partitions(t.relation) p
         group by t.relation;
    exception when lock_not_available then
        return query select 'rollup_hidden', '', jsonb_build_object('metric', 'rollup_partitions_ahead'), 1::float8;
    end;

    if has_table_privilege('rollup.loads', 'select') then
        return query execute
            'select ''rollup_load_rows_total'', '''', jsonb_build_object(''table'', l.source_table::text), sum(l.rows)::float8
               from rollup.loads l group by l.source_table';
    else
        return query select 'rollup_hidden', '', jsonb_build_object('metric', 'rollup_load_rows_total'), 1::float8;
    end if;
    return query
    select 'rollup_node_up', '', jsonb_build_object('node', n.node), (n.problem is null)::int::float8
      from jsonb_to_recordset(reports) n (node text, problem text);
end
$$;
comment on function rollup_internal.metric_samples() is 'The samples of rollup.metrics, without kinds and descriptions.';
reset citus.enable_ddl_propagation;
