SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE SCHEMA partman;

CREATE SCHEMA reports;

CREATE SCHEMA rollup;

COMMENT ON SCHEMA rollup IS 'Rollups: incremental aggregates that count every committed event exactly once.';

CREATE SCHEMA rollup_compat;

COMMENT ON SCHEMA rollup_compat IS 'What the server lacks, in SQL: TopN where the topn extension is missing, and sum(hll).';

CREATE SCHEMA shop;

CREATE EXTENSION IF NOT EXISTS hll WITH SCHEMA public;

COMMENT ON EXTENSION hll IS 'type for storing hyperloglog data';

CREATE EXTENSION IF NOT EXISTS pg_partman WITH SCHEMA partman;

COMMENT ON EXTENSION pg_partman IS 'Extension to manage partitioned tables by time or ID';

CREATE TYPE rollup.span AS (
	rollups text[],
	node_group integer,
	after_id bigint,
	through_id bigint
);

COMMENT ON TYPE rollup.span IS 'Ids of one node group, above after_id, up to and including through_id, and the rollups that have not counted them.';

CREATE TYPE rollup.run AS (
	rollups text[],
	status text,
	started_at timestamp with time zone,
	as_of timestamp with time zone,
	spans rollup.span[],
	events bigint[],
	rows bigint[],
	more boolean
);

COMMENT ON TYPE rollup.run IS 'A run under way: its rollups, the time up to which it counts all that was committed, the spans of ids it counts, and what it has counted so far for each rollup.';

CREATE TYPE rollup.task AS (
	waiting text[],
	failures text[],
	put_off boolean
);

COMMENT ON TYPE rollup.task IS 'Where run_all stands: families still to run, in turn, each by the name of a member, and what failed; put_off while nothing worse did.';

CREATE TYPE rollup_compat.topn_record AS (
	item text,
	frequency bigint
);

COMMENT ON TYPE rollup_compat.topn_record IS 'TopN. What topn returns: an item and how often it was counted.';

CREATE FUNCTION public.count_sales_1day(max_events bigint DEFAULT NULL::bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_hashagg TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET work_mem TO '128MB'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    AS $$
#variable_conflict use_column
declare
    run rollup.run := rollup.begin_run(array['sales_1day'], max_events);
    span rollup.span;
    number bigint;
begin
    foreach span in array run.spans loop
        insert into public.sales_1day as r (
            customer_id, day, currency, category, orders, refunds, revenue, quantity, average_order_sum, average_order_count, buyers, top_by_revenue, top_by_quantity)
        select
            customer_id,
            date_bin('1 day', event_time, timestamptz '2000-01-01 00:00:00+00'),
            currency,
            category,
            count(*) filter (where event_type = 'order'),
            count(*) filter (where event_type = 'refund'),
            sum(amount),
            sum(quantity),
            sum(amount) filter (where event_type = 'order'),
            count(amount) filter (where event_type = 'order'),
            public.hll_add_agg(public.hll_hash_text(user_id), 11, 5, -1, 1) filter (where event_type = 'order'),
            rollup.top_list(array_agg((product_id)::text), array_agg((amount)::numeric), 1000),
            rollup.top_list(array_agg((product_id)::text), array_agg((quantity)::numeric), 1000)
          from public.events
         where event_id > span.after_id
           and event_id <= span.through_id
           and ( event_type in ('order', 'refund') and status is distinct from 'failed' )
         group by 1, 2, 3, 4
        on conflict (customer_id, day, currency, category) do update set
            orders = coalesce(r.orders + excluded.orders, r.orders, excluded.orders),
            refunds = coalesce(r.refunds + excluded.refunds, r.refunds, excluded.refunds),
            revenue = coalesce(r.revenue + excluded.revenue, r.revenue, excluded.revenue),
            quantity = coalesce(r.quantity + excluded.quantity, r.quantity, excluded.quantity),
            average_order_sum = coalesce(r.average_order_sum + excluded.average_order_sum, r.average_order_sum, excluded.average_order_sum),
            average_order_count = coalesce(r.average_order_count + excluded.average_order_count, r.average_order_count, excluded.average_order_count),
            buyers = coalesce(public.hll_union(r.buyers, excluded.buyers), r.buyers, excluded.buyers),
            top_by_revenue = coalesce(rollup.top_union(r.top_by_revenue, excluded.top_by_revenue, 1000), r.top_by_revenue, excluded.top_by_revenue),
            top_by_quantity = coalesce(rollup.top_union(r.top_by_quantity, excluded.top_by_quantity, 1000), r.top_by_quantity, excluded.top_by_quantity);
        get diagnostics number = row_count;
        run.rows[1] := run.rows[1] + number;

        select count(*) into number
          from public.events
         where event_id > span.after_id
           and event_id <= span.through_id
           and ( event_type in ('order', 'refund') and status is distinct from 'failed' );
        run.events[1] := run.events[1] + number;
    end loop;

    select f.status, f.events, f.rows, f.more
      into status, events, rows, more
      from rollup.finish_run(run) f;
end
$$;

COMMENT ON FUNCTION public.count_sales_1day(max_events bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) IS 'Counts new events of public.events into public.sales_1day: all of them, or at most max_events ids. Answers status (done, nothing new, busy), events counted, rows written, whether more is waiting.';

CREATE FUNCTION public.count_sales_1hr(max_events bigint DEFAULT NULL::bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_hashagg TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET work_mem TO '128MB'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    AS $$
#variable_conflict use_column
declare
    run rollup.run := rollup.begin_run(array['sales_1hr'], max_events);
    span rollup.span;
    number bigint;
begin
    foreach span in array run.spans loop
        insert into public.sales_1hr as r (
            customer_id, hour, currency, category, orders, refunds, revenue, quantity, average_order_sum, average_order_count, buyers, top_by_revenue, top_by_quantity)
        select
            customer_id,
            date_bin('01:00:00', event_time, timestamptz '2000-01-01 00:00:00+00'),
            currency,
            category,
            count(*) filter (where event_type = 'order'),
            count(*) filter (where event_type = 'refund'),
            sum(amount),
            sum(quantity),
            sum(amount) filter (where event_type = 'order'),
            count(amount) filter (where event_type = 'order'),
            public.hll_add_agg(public.hll_hash_text(user_id), 11, 5, -1, 1) filter (where event_type = 'order'),
            rollup.top_list(array_agg((product_id)::text), array_agg((amount)::numeric), 1000),
            rollup.top_list(array_agg((product_id)::text), array_agg((quantity)::numeric), 1000)
          from public.events
         where event_id > span.after_id
           and event_id <= span.through_id
           and ( event_type in ('order', 'refund') and status is distinct from 'failed' )
         group by 1, 2, 3, 4
        on conflict (customer_id, hour, currency, category) do update set
            orders = coalesce(r.orders + excluded.orders, r.orders, excluded.orders),
            refunds = coalesce(r.refunds + excluded.refunds, r.refunds, excluded.refunds),
            revenue = coalesce(r.revenue + excluded.revenue, r.revenue, excluded.revenue),
            quantity = coalesce(r.quantity + excluded.quantity, r.quantity, excluded.quantity),
            average_order_sum = coalesce(r.average_order_sum + excluded.average_order_sum, r.average_order_sum, excluded.average_order_sum),
            average_order_count = coalesce(r.average_order_count + excluded.average_order_count, r.average_order_count, excluded.average_order_count),
            buyers = coalesce(public.hll_union(r.buyers, excluded.buyers), r.buyers, excluded.buyers),
            top_by_revenue = coalesce(rollup.top_union(r.top_by_revenue, excluded.top_by_revenue, 1000), r.top_by_revenue, excluded.top_by_revenue),
            top_by_quantity = coalesce(rollup.top_union(r.top_by_quantity, excluded.top_by_quantity, 1000), r.top_by_quantity, excluded.top_by_quantity);
        get diagnostics number = row_count;
        run.rows[1] := run.rows[1] + number;

        select count(*) into number
          from public.events
         where event_id > span.after_id
           and event_id <= span.through_id
           and ( event_type in ('order', 'refund') and status is distinct from 'failed' );
        run.events[1] := run.events[1] + number;
    end loop;

    select f.status, f.events, f.rows, f.more
      into status, events, rows, more
      from rollup.finish_run(run) f;
end
$$;

COMMENT ON FUNCTION public.count_sales_1hr(max_events bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) IS 'Counts new events of public.events into public.sales_1hr: all of them, or at most max_events ids. Answers status (done, nothing new, busy), events counted, rows written, whether more is waiting.';

CREATE FUNCTION public.five_minutely_aggregation(max_events bigint DEFAULT NULL::bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_hashagg TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET work_mem TO '128MB'
    SET "topn.number_of_counters" TO '1000'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    AS $$
#variable_conflict use_column
declare
    run rollup.run := rollup.begin_run(array['rollup_events_5min'], max_events);
    span rollup.span;
    number bigint;
begin
    foreach span in array run.spans loop
        insert into public.rollup_events_5min as r (
            customer_id, minute, event_type, country, browser, event_count, device_distinct_count, session_distinct_count, top_devices_1000)
        select
            customer_id,
            date_bin('00:05:00', event_time, timestamptz '2000-01-01 00:00:00+00'),
            event_type,
            country,
            browser,
            count(*),
            public.hll_add_agg(public.hll_hash_bigint(device_id), 11, 5, -1, 1),
            public.hll_add_agg(public.hll_hash_bigint(session_id), 11, 5, -1, 1),
            (select case when count(*) > 1000 then rollup.top_shortened(jsonb_object_agg(k, n), 1000) else coalesce(jsonb_object_agg(k, n), '{}') end from (select k, count(*) as n from unnest(array_agg(device_id)) k where k is not null group by 1) top)
          from public.events
         where event_id > span.after_id
           and event_id <= span.through_id
         group by 1, 2, 3, 4, 5
        on conflict (customer_id, minute, event_type, country, browser) do update set
            event_count = coalesce(r.event_count + excluded.event_count, r.event_count, excluded.event_count),
            device_distinct_count = coalesce(public.hll_union(r.device_distinct_count, excluded.device_distinct_count), r.device_distinct_count, excluded.device_distinct_count),
            session_distinct_count = coalesce(public.hll_union(r.session_distinct_count, excluded.session_distinct_count), r.session_distinct_count, excluded.session_distinct_count),
            top_devices_1000 = coalesce(rollup.top_union(r.top_devices_1000, excluded.top_devices_1000, 1000), r.top_devices_1000, excluded.top_devices_1000);
        get diagnostics number = row_count;
        run.rows[1] := run.rows[1] + number;

        select count(*) into number
          from public.events
         where event_id > span.after_id
           and event_id <= span.through_id;
        run.events[1] := run.events[1] + number;
    end loop;

    select f.status, f.events, f.rows, f.more
      into status, events, rows, more
      from rollup.finish_run(run) f;
end
$$;

COMMENT ON FUNCTION public.five_minutely_aggregation(max_events bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) IS 'Counts new events of public.events into public.rollup_events_5min: all of them, or at most max_events ids. Answers status (done, nothing new, busy), events counted, rows written, whether more is waiting.';

CREATE FUNCTION public.hourly_aggregation(max_events bigint DEFAULT NULL::bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_hashagg TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET work_mem TO '128MB'
    SET "topn.number_of_counters" TO '1000'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    AS $$
#variable_conflict use_column
declare
    run rollup.run := rollup.begin_run(array['rollup_events_1hr'], max_events, array[1]);
    span rollup.span;
    number bigint;
begin
    foreach span in array run.spans loop
        insert into public.rollup_events_1hr as r (
            customer_id, hour, event_type, country, browser, event_count, device_distinct_count, session_distinct_count, top_devices_1000, last_session)
        select
            customer_id,
            date_bin('01:00:00', event_time, timestamptz '2000-01-01 00:00:00+00'),
            event_type,
            country,
            browser,
            count(*),
            public.hll_add_agg(public.hll_hash_bigint(device_id), 11, 5, -1, 1),
            public.hll_add_agg(public.hll_hash_bigint(session_id), 11, 5, -1, 1),
            (select case when count(*) > 1000 then rollup.top_shortened(jsonb_object_agg(k, n), 1000) else coalesce(jsonb_object_agg(k, n), '{}') end from (select k, count(*) as n from unnest(array_agg(device_id)) k where k is not null group by 1) top),
            max(session_id)
          from public.events
         where event_id > span.after_id
           and event_id <= span.through_id
         group by 1, 2, 3, 4, 5
        on conflict (customer_id, hour, event_type, country, browser) do update set
            event_count = coalesce(r.event_count + excluded.event_count, r.event_count, excluded.event_count),
            device_distinct_count = coalesce(public.hll_union(r.device_distinct_count, excluded.device_distinct_count), r.device_distinct_count, excluded.device_distinct_count),
            session_distinct_count = coalesce(public.hll_union(r.session_distinct_count, excluded.session_distinct_count), r.session_distinct_count, excluded.session_distinct_count),
            top_devices_1000 = coalesce(rollup.top_union(r.top_devices_1000, excluded.top_devices_1000, 1000), r.top_devices_1000, excluded.top_devices_1000),
            last_session = coalesce(greatest(r.last_session, excluded.last_session), r.last_session, excluded.last_session);
        get diagnostics number = row_count;
        run.rows[1] := run.rows[1] + number;

        select count(*) into number
          from public.events
         where event_id > span.after_id
           and event_id <= span.through_id;
        run.events[1] := run.events[1] + number;
    end loop;

    select f.status, f.events, f.rows, f.more
      into status, events, rows, more
      from rollup.finish_run(run) f;
end
$$;

COMMENT ON FUNCTION public.hourly_aggregation(max_events bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) IS 'Counts new events of public.events into public.rollup_events_1hr: all of them, or at most max_events ids. Answers status (done, nothing new, busy), events counted, rows written, whether more is waiting.';

CREATE FUNCTION rollup.top(list jsonb, n bigint DEFAULT 10) RETURNS TABLE(item text, value numeric)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT p.key,
     (p.value)::numeric AS value
    FROM jsonb_each_text(top.list) p(key, value)
   ORDER BY (p.value)::numeric DESC, (p.key COLLATE "C")
  LIMIT top.n;
END;

COMMENT ON FUNCTION rollup.top(list jsonb, n bigint) IS 'The first n items of a top list, with or without weights, and what each has, in descending order.';

SET default_tablespace = '';

CREATE TABLE shop.orders_1hr (
    customer_id bigint NOT NULL,
    bucket timestamp with time zone NOT NULL,
    country text,
    orders bigint,
    revenue numeric,
    price_sum numeric,
    price_count bigint,
    latest numeric,
    latest_at timestamp with time zone,
    latest_id bigint,
    buyers public.hll(11,5,-1,1),
    products jsonb
);

CREATE FUNCTION reports.busiest(tenant bigint) RETURNS TABLE(item text, number numeric)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT t.item,
     t.value
    FROM shop.orders_1hr r,
     LATERAL rollup.top(r.products, (3)::bigint) t(item, value)
   WHERE (r.customer_id = busiest.tenant)
   ORDER BY t.value DESC, t.item;
END;

CREATE FUNCTION rollup.adopt_table(target_name text, source regclass, tenant name, columns jsonb, is_partitioned boolean) RETURNS regclass
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    target regclass := to_regclass(target_name);
    keys text[];
    wanted record;
    found_type text;
    is_filled boolean;
    has_key boolean;
    bucket_column constant name := (select c ->> 'name' from jsonb_array_elements(columns) c where c ->> 'role' = 'bucket');
begin
    select array_agg(c ->> 'name' order by n) into keys
      from jsonb_array_elements(columns) with ordinality x(c, n)
     where c ->> 'role' <> 'measure';

    if target is null then
        execute format('create table %s (%s)%s', target_name,
            (select string_agg(format('%I %s%s', c ->> 'name', c ->> 'type',
                                      case when c ->> 'role' in ('tenant', 'bucket')
                                            and (tenant is not null or is_partitioned) then ' not null' end), ', ' order by n)
               from jsonb_array_elements(columns) with ordinality x(c, n)),
            case when is_partitioned then format(' partition by range (%I)', bucket_column) end);
        target := target_name::regclass;
    else
        for wanted in
            select c ->> 'name' as name, c ->> 'type' as type, c ->> 'role' as role
              from jsonb_array_elements(columns) c
        loop
            select format_type(atttypid, atttypmod) into found_type
              from pg_attribute
             where attrelid = target and attname = wanted.name and attnum > 0 and not attisdropped;
            if not found then
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
        end loop;
        if is_partitioned and rollup.partition_column(target) is distinct from bucket_column then
            raise exception using
                errcode = 'wrong_object_type',
                message = format('table %s is not partitioned by range of %I', target, bucket_column),
                hint = 'Leave partition_interval out, or name another table with target => ….';
        elsif not is_partitioned and rollup.partition_column(target) = bucket_column
              and not exists (select from rollup.partitions(target) p where p.is_default) then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = format('table %s has no default partition: an event of an unforeseen time would stop the rollup', target),
                hint = format('create table … partition of %s default', target);
        end if;
        execute format('select exists (select 1 from %s)', target) into is_filled;
        if is_filled then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = format('table %s already has rows, which would be counted a second time', target),
                hint = format('truncate %s; the rollup''s first run counts everything there is.', target);
        end if;
    end if;

    -- Distributed before the key is made: Citus builds it on the shards.
    if tenant is not null and rollup.is_distributed(source) and not rollup.is_distributed(target) then
        perform create_distributed_table(target, tenant::text, colocate_with => source::text);
    end if;

    select exists (
        select from pg_index i
         where i.indrelid = target and i.indisunique and i.indnullsnotdistinct
           and i.indpred is null and i.indexprs is null
           and (select array_agg(a.attname::text order by a.attname)
                  from unnest(i.indkey) k join pg_attribute a on a.attrelid = target and a.attnum = k)
               = (select array_agg(k order by k) from unnest(keys) k))
      into has_key;
    if not has_key then
        execute format('create unique index on %s (%s) nulls not distinct', target,
                       (select string_agg(quote_ident(k), ', ' order by n) from unnest(keys) with ordinality x(k, n)));
    end if;
    return target;
end
$$;

COMMENT ON FUNCTION rollup.adopt_table(target_name text, source regclass, tenant name, columns jsonb, is_partitioned boolean) IS 'Internal. Makes a rollup''s table and unique key, or checks the table that is there.';

CREATE TABLE rollup.rollups (
    name text NOT NULL,
    id bigint NOT NULL,
    family bigint NOT NULL,
    source regclass NOT NULL,
    target regclass NOT NULL,
    function_name text NOT NULL,
    tenant name,
    id_column name NOT NULL,
    id_sequence regclass NOT NULL,
    time_column name NOT NULL,
    bucket interval NOT NULL,
    bucket_column name NOT NULL,
    dimensions text[] NOT NULL,
    measures json NOT NULL,
    filter text,
    work_mem text NOT NULL,
    time_zone text,
    keep interval,
    expired_before timestamp with time zone,
    partition_interval interval,
    revision integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT bucket_is_positive CHECK ((bucket > '00:00:00'::interval)),
    CONSTRAINT name_is_given CHECK ((name <> ''::text))
);

COMMENT ON TABLE rollup.rollups IS 'Declared rollups. Written by rollup.create_rollup, rollup.alter_rollup and rollup.drop_rollup only.';

COMMENT ON COLUMN rollup.rollups.id IS 'Names the rollup''s run lock.';

COMMENT ON COLUMN rollup.rollups.family IS 'Rollups counted together, from one pass over the new events.';

COMMENT ON COLUMN rollup.rollups.function_name IS 'Qualified and quoted name of the generated function that counts one window.';

COMMENT ON COLUMN rollup.rollups.tenant IS 'Column of source and target that shards both; NULL for a rollup without tenants.';

COMMENT ON COLUMN rollup.rollups.id_sequence IS 'Where source''s ids come from; its cache must be 1.';

COMMENT ON COLUMN rollup.rollups.dimensions IS 'Columns of source, or "expression as name".';

COMMENT ON COLUMN rollup.rollups.measures IS 'Target column to what it holds, e.g. {"visits": {"count": "*"}}.';

COMMENT ON COLUMN rollup.rollups.filter IS 'Only events meeting this condition are counted; NULL for all.';

COMMENT ON COLUMN rollup.rollups.time_zone IS 'The bucket is whole days or months of this zone; NULL for seconds counted from 2000-01-01 00:00 UTC.';

COMMENT ON COLUMN rollup.rollups.keep IS 'How long rows are kept, see rollup.set_retention; NULL for ever.';

COMMENT ON COLUMN rollup.rollups.expired_before IS 'Rows of buckets that begin before this time have been removed: what is there came in late and is not whole.';

COMMENT ON COLUMN rollup.rollups.partition_interval IS 'Length of the partitions that rollup.maintain_partitions makes of target; NULL where it makes none.';

COMMENT ON COLUMN rollup.rollups.revision IS 'How often rollup.alter_rollup has altered it.';

CREATE FUNCTION rollup.alter_hint(existing rollup.rollups, declared rollup.rollups) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    added json;
    dropped text[];
begin
    select json_object_agg(d.key, d.value order by d.position) into added
      from json_each(declared.measures) with ordinality d (key, value, position)
     where d.value::jsonb is distinct from existing.measures::jsonb -> d.key;
    dropped := array(select e.key from json_each(existing.measures) e
                      where e.value::jsonb is distinct from declared.measures::jsonb -> e.key);
    return format('Measures change without losing what is counted: select rollup.alter_rollup(%s)',
                  concat_ws(', ', quote_literal(existing.name),
                            'add_measures => ' || quote_literal(added::text),
                            'drop_measures => ' || quote_literal(nullif(dropped, '{}')::text)));
end
$$;

COMMENT ON FUNCTION rollup.alter_hint(existing rollup.rollups, declared rollup.rollups) IS 'Internal. The call that brings a rollup''s measures to another declaration.';

CREATE FUNCTION rollup.alter_rollup(name text, add_measures json DEFAULT NULL::json, drop_measures text[] DEFAULT NULL::text[], work_mem text DEFAULT NULL::text, bucket interval DEFAULT NULL::interval, dimensions text[] DEFAULT NULL::text[], tenant name DEFAULT NULL::name, filter text DEFAULT NULL::text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "citus.multi_shard_modify_mode" TO 'sequential'
    SET "citus.max_adaptive_executor_pool_size" TO '1'
    AS $_$
#variable_conflict use_variable
declare
    r rollup.rollups;
    altered rollup.rollups;
    fixed text;
    doubled text;
    unknown text;
    added_names text[];
    dropped_names text[];
    added jsonb;
    dropped text[];
    first_bucket timestamptz;
    last_bucket timestamptz;
    valid_since timestamptz := '-infinity';
begin
    perform rollup.find_rollup(name);
    perform rollup.refuse_old_snapshot(name, 'altered');
    perform pg_advisory_xact_lock(hashtextextended('rollup.create_rollup', 0));
    perform rollup.take_run_lock(name);
    r := rollup.find_rollup(name);

    select x.what into fixed
      from (values ('bucket', bucket <> r.bucket), ('dimensions', dimensions <> r.dimensions),
                   ('tenant', tenant <> coalesce(r.tenant, '')), ('filter', filter <> coalesce(r.filter, ''))) x (what, differs)
     where x.differs
     limit 1;
    if fixed is not null then
        raise exception using
            errcode = 'feature_not_supported',
            message = format('rollup %I cannot have another %s: rows that are there could not be counted anew without their events',
                             name, fixed),
            hint = format('Declare another rollup beside it: select rollup.create_rollup(name => ''another'', source => %L, …). '
                          'It counts the events that there are.', r.source);
    end if;
    if json_typeof(add_measures) <> 'object' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'add_measures must be an object',
            hint = 'For example {"visits": {"count": "*"}}.';
    end if;

    -- Added last, so that the columns of views keep their places.
    altered := r;
    altered.work_mem := coalesce(work_mem, r.work_mem);
    select json_object_agg(m.key, m.value order by m.place, m.position) into altered.measures
      from (select o.key, o.value, 1 as place, o.position
              from json_each(r.measures) with ordinality o (key, value, position)
             where o.key <> all (coalesce(drop_measures, '{}'))
                or o.value::jsonb = add_measures::jsonb -> o.key
            union all
            select a.key, a.value, 2, a.position
              from json_each(add_measures) with ordinality a (key, value, position)
             where a.value::jsonb is distinct from r.measures::jsonb -> a.key) m;
    for unknown in
        select d from unnest(drop_measures) d where not r.measures::jsonb ? d
    loop
        raise notice 'rollup % has no measure %', quote_ident(name), quote_ident(unknown);
    end loop;
    if altered.measures is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('rollup %I needs at least one measure', name),
            hint = format('select rollup.drop_rollup(%L) removes the rollup.', name);
    end if;
    select m into doubled from json_object_keys(altered.measures) m group by m having count(*) > 1 limit 1;
    if doubled is not null then
        raise exception using
            errcode = 'duplicate_object',
            message = format('rollup %I has a measure %I already, declared differently', name, doubled),
            detail = format('It is %s.', r.measures -> doubled),
            hint = 'Choose another name; or name it in drop_measures too, to lose what it holds.';
    end if;
    added_names := array(select a.key from json_each(altered.measures) a
                          where a.value::jsonb is distinct from r.measures::jsonb -> a.key);
    dropped_names := array(select o.key from json_each(r.measures) o
                            where o.value::jsonb is distinct from altered.measures::jsonb -> o.key);
    if added_names = '{}' and dropped_names = '{}' and altered.work_mem = r.work_mem then
        return format('rollup %I is like that already', name);
    end if;

    perform rollup.refuse_doubled(altered);
    select coalesce(jsonb_agg(jsonb_build_object('name', c.column_name, 'type', c.column_type)), '[]')
      into added
      from rollup.target_columns(rollup.with_measures(altered, added_names)) c where c.role = 'measure';
    dropped := array(select c.column_name from rollup.target_columns(rollup.with_measures(r, dropped_names)) c
                      where c.role = 'measure');
    select a.attname into doubled
      from pg_attribute a join jsonb_array_elements(added) x on x ->> 'name' = a.attname
     where a.attrelid = r.target and a.attnum > 0 and not a.attisdropped and a.attname <> all (dropped)
     limit 1;
    if doubled is not null then
        raise exception using
            errcode = 'duplicate_column',
            message = format('table %s has a column %I already, which is not the rollup''s', r.target, doubled),
            hint = 'Rename one of them.';
    end if;

    if added_names <> '{}' then
        execute format('select min(t.%1$I), max(t.%1$I) from %2$s t', r.bucket_column, r.target)
           into first_bucket, last_bucket;
        valid_since := coalesce(rollup.bucket_end(r.bucket, r.time_zone, last_bucket), '-infinity');
    end if;
    delete from rollup.added_measures a where a.rollup = name and a.measure = any (dropped_names || added_names);
    insert into rollup.added_measures (rollup, measure, valid_since, first_bucket)
    select name, a, valid_since, first_bucket from unnest(added_names) a;

    altered.family := rollup.join_family(altered);
    update rollup.rollups x
       set measures = altered.measures, work_mem = altered.work_mem, family = altered.family, revision = x.revision + 1
     where x.name = r.name;
    perform rollup.alter_target(name, r.target, added, dropped);
    perform rollup.create_function(name);
    perform rollup.leave_family(r.family);
    perform rollup.create_family(altered.family);
    perform rollup.refuse_pulled(name);
    perform rollup.describe_measures(name);
    return format('rollup %I is altered', name);
end
$_$;

COMMENT ON FUNCTION rollup.alter_rollup(name text, add_measures json, drop_measures text[], work_mem text, bucket interval, dimensions text[], tenant name, filter text) IS 'Adds measures to a rollup, or removes some with what they hold, without counting anything again; a name in both lists is declared anew. An added measure is complete from the bucket after the last one that there is: see rollup.measures, and rollup.backfill_measures for the buckets before. bucket, dimensions, tenant and filter cannot change: feature_not_supported. Altering what is like that already changes nothing. Raises lock_not_available when a run, or a reader of the table, goes on for longer than rollup.max_wait.';

CREATE FUNCTION rollup.alter_target(rollup_name text, target regclass, added jsonb, dropped text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '0'
    SET "citus.propagate_set_commands" TO 'local'
    AS $$
declare
    deadline constant timestamptz := clock_timestamp() + rollup.setting('rollup.max_wait')::interval;
    suffix text;
    view_name text;
    grants text[] := '{}';
    statement text;
    detail text;
begin
    foreach suffix in array '{live,bi}'::text[] loop
        view_name := rollup.view_name(target, suffix);
        grants := grants || array(
            select format('grant %s on %s to %s%s', a.privilege_type, view_name,
                          case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end,
                          case when a.is_grantable then ' with grant option' else '' end)
              from pg_class c
             cross join lateral aclexplode(c.relacl) a
             where c.oid = to_regclass(view_name) and a.grantee <> c.relowner);
    end loop;
    loop
        begin
            set local lock_timeout = '100ms';
            if dropped <> '{}' then
                perform rollup.drop_views(target);
                execute format('alter table %s %s', target,
                    (select string_agg(format('drop column %I', d), ', ') from unnest(dropped) d));
            end if;
            if added <> '[]' then
                execute format('alter table %s %s', target,
                    (select string_agg(format('add column %I %s', a ->> 'name', a ->> 'type'), ', ' order by n)
                       from jsonb_array_elements(added) with ordinality x (a, n)));
            end if;
            perform rollup.create_views(rollup_name);
            foreach statement in array grants loop
                execute statement;
            end loop;
            exit;
        exception
            when lock_not_available then
                if clock_timestamp() >= deadline then
                    raise exception using
                        errcode = 'lock_not_available',
                        message = format('%s is in use: no lock on it within %s', target, rollup.setting('rollup.max_wait')),
                        hint = 'Nothing was changed. Try again when the longest transaction on it has ended.';
                end if;
            when dependent_objects_still_exist then
                get stacked diagnostics detail = pg_exception_detail;
                raise exception using
                    errcode = 'dependent_objects_still_exist',
                    message = format('rollup %I cannot be altered: other objects depend on its columns or views', rollup_name),
                    detail = detail,
                    hint = 'Nothing was changed. Drop what depends on them first, and make it again afterwards.';
        end;
        perform pg_sleep(0.2);
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.alter_target(rollup_name text, target regclass, added jsonb, dropped text[]) IS 'Internal. Adds columns to a rollup''s table, drops others, and makes its views anew, without making others queue for more than 100 ms at a time. Raises lock_not_available after rollup.max_wait.';

CREATE FUNCTION rollup.analyze_first(run rollup.run) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    target regclass;
begin
    for target in
        select r.target
          from unnest(run.rollups, run.rows) x (name, rows)
          join rollup.rollups r using (name)
          join pg_class c on c.oid = r.target
         where x.rows >= 1000 and c.reltuples < 0 and pg_has_role(c.relowner, 'usage')
           and not rollup.is_distributed(r.target)
    loop
        execute format('analyze (skip_locked) %s', target);
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.analyze_first(run rollup.run) IS 'Internal. Analyzes tables that a run has filled and that have no statistics yet.';

CREATE PROCEDURE rollup.backfill(IN rollup_name text, IN max_events bigint DEFAULT 100000, IN pause interval DEFAULT '00:00:00'::interval)
    LANGUAGE plpgsql
    AS $$
declare
    more pg_catalog.bool;
begin
    loop
        more := rollup.backfill_next(rollup_name, max_events);
        commit;
        exit when not more;
        perform pg_catalog.pg_sleep_for(pause);
    end loop;
end
$$;

COMMENT ON PROCEDURE rollup.backfill(IN rollup_name text, IN max_events bigint, IN pause interval) IS 'Counts what a rollup that is filled newest first has still to count, from the newest back, in windows of at most max_events ids, with a commit and a pause after each. Each run counts one such window too.';

CREATE PROCEDURE rollup.backfill_measures(IN rollup_name text, IN step interval DEFAULT '1 day'::interval, IN pause interval DEFAULT '00:00:00'::interval, IN tenant text DEFAULT NULL::text)
    LANGUAGE plpgsql
    AS $$
declare
    steps pg_catalog.timestamptz[] := rollup.backfill_steps(rollup_name, step, tenant);
    later pg_catalog.timestamptz := 'infinity';
    said pg_catalog.text;
    task rollup.task;
begin
    task.waiting := array[rollup_name];
    task.failures := '{}';
    task.put_off := true;
    for n in 1 .. pg_catalog.cardinality(steps) loop
        said := rollup.backfill_step(rollup_name, steps[n], later, tenant);
        commit;
        later := steps[n];
        if said is not null then
            raise notice 'rollup %: %; step % of %', pg_catalog.quote_ident(rollup_name), said, n, pg_catalog.cardinality(steps);
            perform rollup.run_next(task, 1000000);
            commit;
            perform pg_catalog.pg_sleep_for(pause);
        end if;
    end loop;
    perform rollup.describe_measures(rollup_name);
end
$$;

COMMENT ON PROCEDURE rollup.backfill_measures(IN rollup_name text, IN step interval, IN pause interval, IN tenant text) IS 'Fills in measures that rollup.alter_rollup has added, from raw events, newest first, in steps of a day by default, with a commit and a pause after each, for all tenants or one. Other measures are left alone. What comes in meanwhile is counted between the steps. Stopped, it goes on where it was when it is called again; it ends where raw events were dropped.';

CREATE FUNCTION rollup.backfill_next(rollup_name text, max_events bigint) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    outcome text;
    ids_left numeric;
    first_size numeric;
begin
    select f.status into outcome from rollup.run_family(rollup_name, max_events) f where f.rollup = rollup_name;
    select sum(b.through_id - b.after_id), sum(b.first_size) into ids_left, first_size
      from rollup.backlogs b
     where b.rollup = rollup_name;
    if ids_left is null then
        return false;
    elsif outcome = 'done' then
        raise notice '%', format('rollup %I: %s %% of its backlog is counted, %s ids are left',
                                 rollup_name, round(100 * (1 - ids_left / first_size), 1), ids_left);
    elsif outcome = 'busy' then
        perform pg_sleep(0.2);
    elsif outcome = 'nothing new' then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('rollup %I has a backlog that no run can reach', rollup_name),
            detail = (select format('Ids above %s, up to %s.', b.after_id, b.through_id)
                        from rollup.backlogs b where b.rollup = rollup_name limit 1),
            hint = 'Has the sequence of its source been reset? See rollup.doctor().';
    end if;
    return true;
end
$$;

COMMENT ON FUNCTION rollup.backfill_next(rollup_name text, max_events bigint) IS 'Internal. Runs one window of a rollup and its family, and answers whether its backlog has more; a notice says how much.';

CREATE FUNCTION rollup.backfill_step(rollup_name text, step_from timestamp with time zone, step_to timestamp with time zone, tenant text, OUT said text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_hashagg TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_nestloop TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    SET work_mem TO '128MB'
    SET jit TO 'off'
    SET "topn.number_of_counters" TO '1000'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    AS $_$
declare
    r rollup.rollups;
    measures text[];
    span tstzrange;
    filled tstzrange;
    missing tstzmultirange;
    gone timestamptz;
    any_rows boolean;
    keys text[];
    columns text[];
    expressions text[];
    same_row text;
    raw_condition text;
    row_condition text;
begin
    perform rollup.refuse_old_snapshot(rollup_name, 'backfilled');
    -- Under the locks: meanwhile nothing expires, neither rows nor events.
    perform rollup.take_run_lock(rollup_name);
    r := rollup.find_rollup(rollup_name);
    execute format('lock table %s in access share mode', r.source);
    perform from rollup.sources s where s.source = r.source for share;
    r := rollup.find_rollup(rollup_name);
    tenant := rollup.known_tenant(r, tenant);
    select array_agg(s.measure), tstzrange(step_from, max(s.valid_since)) into measures, span
      from rollup.measures_since(rollup_name, tenant) s
     where s.valid_since > step_from and s.valid_since <= step_to;
    if measures is null then
        return;
    end if;
    r := rollup.with_measures(r, measures);
    said := array_to_string(array(select quote_ident(m) from json_object_keys(r.measures) m), ', ');

    -- What lies before is not whole whatever it holds.
    filled := span * tstzrange(r.expired_before, null);
    missing := rollup.missing_ranges(r.source) * tstzmultirange(filled);
    if not isempty(missing) then
        execute format('select max(t.%1$I) from %2$s t where t.%1$I >= %3$L and t.%1$I < %4$L and %5$s
                           and tstzrange(t.%1$I, rollup.bucket_end(%6$L, %7$L, t.%1$I)) && %8$L::tstzmultirange',
                       r.bucket_column, r.target, lower(filled), upper(filled),
                       case when tenant is null then 'true' else format('t.%I = %L', r.tenant, tenant) end,
                       r.bucket, r.time_zone, missing) into gone;
    end if;
    if gone is not null then
        span := tstzrange(rollup.bucket_end(r.bucket, r.time_zone, gone), upper(span));
        filled := span;
        if isempty(span) then
            said := format('%s cannot be filled in before %s: raw events were dropped', said, upper(span));
            return;
        end if;
    end if;

    select array_agg(c.expression || coalesce(' as ' || nullif(quote_ident(c.column_name), c.expression), '')),
           array_agg(quote_ident(c.column_name)) filter (where c.role <> 'measure'),
           array_agg(quote_ident(c.column_name)) filter (where c.role = 'measure'),
           string_agg(format('r.%1$I = s.%1$I', c.column_name), ' and ') filter (where c.role in ('tenant', 'bucket'))
           || coalesce(format(' and array[row(%s)] = array[row(%s)]',
                  string_agg(format('r.%I::%s', c.column_name, c.column_type), ', ') filter (where c.role = 'dimension'),
                  string_agg(format('s.%I::%s', c.column_name, c.column_type), ', ') filter (where c.role = 'dimension')), '')
      into expressions, keys, columns, same_row
      from rollup.target_columns(r) c;
    raw_condition := format('%1$I >= %2$L and %1$I < %3$L and not %4$s', r.time_column, lower(filled), upper(filled),
                            rollup.uncounted(rollup_name)) || coalesce(' and (' || r.filter || ')', '');
    row_condition := format('r.%1$I >= %2$L and r.%1$I < %3$L', r.bucket_column, lower(filled), upper(filled));
    if tenant is not null then
        raw_condition := raw_condition || format(' and %I = %L', r.tenant, tenant);
        row_condition := row_condition || format(' and r.%I = %L', r.tenant, tenant);
    end if;

    if not isempty(filled) then
        execute format('select exists (select 1 from %s r where %s)', r.target, row_condition) into any_rows;
    end if;
    if any_rows then
        perform set_config('topn.number_of_counters', coalesce(rollup.top_counters(r.measures), 1000)::text, true);
        perform rollup.tell_workers();
        perform length(repeat(' ', 4000000));  -- as in rollup.begin_run
        execute format('update %s r set %s where %s and (%s)', r.target,
                       (select string_agg(c || ' = null', ', ') from unnest(columns) c),
                       row_condition,
                       (select string_agg('r.' || c || ' is not null', ' or ') from unnest(columns) c));
        execute format('update %s r set %s from (select %s from %s where %s group by %s) s where %s and %s',
                       r.target,
                       (select string_agg(format('%1$s = s.%1$s', c), ', ') from unnest(columns) c),
                       array_to_string(expressions, ', '),
                       r.source,
                       raw_condition,
                       (select string_agg(n::text, ', ') from generate_series(1, cardinality(keys)) n),
                       same_row,
                       row_condition);
    end if;
    perform rollup.note_validity(rollup_name, span, tenant);
    said := case when gone is not null
        then format('%s cannot be filled in before %s: raw events were dropped', said, lower(span))
        when lower(span) = '-infinity' then format('%s complete in all buckets', said)
        else format('%s complete from %s on', said, lower(span)) end;
end
$_$;

COMMENT ON FUNCTION rollup.backfill_step(rollup_name text, step_from timestamp with time zone, step_to timestamp with time zone, tenant text, OUT said text) IS 'Internal. Fills in the added measures that begin to be complete in (step_from, step_to], from step_from on, and says how far they are; NULL when there are none.';

CREATE FUNCTION rollup.backfill_steps(rollup_name text, step interval, tenant text) RETURNS timestamp with time zone[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    AS $_$
declare
    r constant rollup.rollups := rollup.find_rollup(rollup_name);
    known constant text := rollup.known_tenant(r, tenant);
    newest timestamptz;
    steps timestamptz[];
begin
    if step is null or step <= interval '0' or extract(month from step) <> 0 or extract(year from step) <> 0 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('a step must be longer than zero, in days or less, not %L', step),
            hint = 'For example interval ''1 day''.';
    end if;
    select max(s.valid_since) into newest from rollup.measures_since(rollup_name, known) s;
    execute format('select array_agg(distinct date_bin(%L, t.%I, timestamptz %L)) from %s t where t.%2$I < %5$L and t.%2$I >= %6$L and %7$s',
                   step, r.bucket_column, '2000-01-01 00:00:00+00', r.target, newest,
                   coalesce(r.expired_before, '-infinity'),
                   case when known is null then 'true' else format('t.%I = %L', r.tenant, known) end)
       into steps;
    steps := array(select distinct rollup.bucket_start(r.bucket, r.time_zone, s) from unnest(steps) s order by 1 desc);
    return case when newest > '-infinity' then steps || timestamptz '-infinity' else '{}' end;
end
$_$;

COMMENT ON FUNCTION rollup.backfill_steps(rollup_name text, step interval, tenant text) IS 'Internal. Where the steps of a backfill of added measures begin, newest first: whole buckets, those with rows in them.';

CREATE FUNCTION rollup.bad_schedule(every text, reason text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    raise exception using
        errcode = 'invalid_parameter_value',
        message = format('cannot schedule every %L: %s', every, reason),
        hint = 'For example ''1 minute'', ''5 minutes'', ''1 hour'' or ''*/10 * * * *''.';
end
$$;

COMMENT ON FUNCTION rollup.bad_schedule(every text, reason text) IS 'Internal. Raises invalid_parameter_value.';

CREATE FUNCTION rollup.begin_counting(rollup_name text, newest_first boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $_$
declare
    r rollup.rollups;
    states jsonb;
begin
    select * into strict r from rollup.rollups where name = rollup_name;
    if rollup.is_distributed(r.source) then
        if not rollup.is_distributed('rollup.tails') then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = format('%s is distributed, but the rollup package does not know Citus yet', r.source),
                hint = 'It was installed before Citus. Install it again: rollupctl install';
        end if;
        execute format('insert into rollup.watermarks (rollup, node_group, last_id, as_of)
                        select distinct %L, e.%2$I >> 48, (e.%2$I >> 48) << 48, now() from %3$s e where %4$s',
                       r.name, r.id_column, r.source,
                       (select string_agg(format('e.%1$I >= %2$s and e.%1$I < %3$s', r.id_column, lower(gap), upper(gap)), ' or ')
                          from unnest((select int8multirange(int8range(0, 9223372036854775807))
                                              - range_agg(int8range(n.node_group::bigint << 48, (n.node_group::bigint + 1) << 48))
                                         from rollup.nodes() n)) gap));
    end if;
    if newest_first then
        states := rollup.read_nodes(r.source, r.id_sequence) || rollup.former_nodes(array[r.name]);
        insert into rollup.backlogs (rollup, node_group, after_id, through_id, first_size)
        select r.name, s.node_group, s.base, s.last_id, s.last_id - s.base
          from (select x.key::int as node_group, x.key::bigint << 48 as base,
                       (x.value ->> 'last_id')::bigint as last_id
                  from jsonb_each(states) x) s
         where s.last_id > s.base;
        insert into rollup.watermarks as w (rollup, node_group, last_id, as_of)
        select b.rollup, b.node_group, b.through_id, now() from rollup.backlogs b where b.rollup = r.name
        on conflict (rollup, node_group) do update set last_id = excluded.last_id;
    end if;
    perform rollup.note_tails(array[r.name]);
end
$_$;

COMMENT ON FUNCTION rollup.begin_counting(rollup_name text, newest_first boolean) IS 'Internal. Gives a new rollup its first watermarks and, when it is to be filled newest first, its backlog.';

CREATE FUNCTION rollup.begin_run(names text[], max_events bigint, revisions integer[] DEFAULT NULL::integer[]) RETURNS rollup.run
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    r rollup.rollups;
    run rollup.run;
    states jsonb;
    writers text[];
    is_mine boolean;
begin
    select * into r from rollup.rollups where name = names[1];
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no rollup %I', names[1]),
            hint = coalesce('There are: ' || (select string_agg(name, ', ' order by id) from rollup.rollups),
                            'None is declared yet; see rollup.create_rollup.');
    end if;
    if not exists (select from pg_class where oid = r.source) then
        raise exception using
            errcode = 'undefined_table',
            message = format('the source of rollup %I is gone', r.name),
            hint = format('Its rows stay: select rollup.drop_rollup(%L)', r.name);
    end if;
    -- Such a snapshot was taken before the wait below and would miss what ended during it.
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception using
            errcode = 'invalid_transaction_state',
            message = format('rollup %I cannot run at isolation level %s',
                             r.name, current_setting('transaction_isolation')),
            hint = 'Run it at read committed.';
    end if;
    if max_events < 1 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('max_events must be at least 1, not %s', max_events);
    end if;

    run.rollups := names;
    run.started_at := clock_timestamp();
    run.as_of := run.started_at;
    run.spans := '{}';
    run.events := array_fill(0::bigint, array[cardinality(names)]);
    run.rows := run.events;
    run.more := false;
    run.status := 'nothing new';

    -- Never queue behind another run: it counts the same events.
    select bool_and(pg_try_advisory_xact_lock(hashtextextended('rollup.run', x.id))) into is_mine
      from rollup.rollups x
     where x.name = any (names)
    having count(*) = cardinality(names);
    if is_mine is null then
        raise exception using
            errcode = 'undefined_object',
            message = format('one of the rollups %s was dropped meanwhile', array_to_string(names, ', ')),
            hint = 'Nothing was counted. Run the others again.';
    elsif not is_mine then
        run.status := 'busy';
        return run;
    end if;
    -- One of them was altered since the calling function was looked up: that does not know all measures.
    if exists (select from unnest(names) with ordinality n (name, position) join rollup.rollups x using (name)
                where x.revision <> coalesce(revisions[n.position], 0)) then
        run.status := 'busy';
        return run;
    end if;

    -- The watermarks are read under the lock, in a statement of its own: read before it they
    -- could be those of the run before.
    states := rollup.read_nodes(r.source, r.id_sequence) || rollup.former_nodes(names);
    select * into run.spans, run.more from rollup.spans(names, states, max_events);
    if run.spans = '{}' then
        return run;
    end if;

    select * into states, writers from rollup.wait_for_writers(r.source, r.id_sequence, states);
    if writers <> '{}' then
        -- What was handed out before they began to write can still be counted.
        select s.spans, h.taken_at into run.spans, run.as_of
          from rollup.settled_heads(r.source, states) h, rollup.spans(names, h.heads, max_events) s;
        run.more := false;
        if run.spans is null or run.spans = '{}' then
            perform rollup.raise_put_off(names, r.source, states, writers);
        end if;
    end if;
    perform rollup.wait_for_parts(names, r.source);
    run.status := 'done';
    perform rollup.tell_workers();
    -- A Citus node commits connection by connection. Through a single one the rows of all its shards
    -- and the tail change at the same moment, for whoever reads a live view there.
    if rollup.is_distributed(r.source) then
        perform set_config('citus.max_adaptive_executor_pool_size', rollup.setting('rollup.connections_per_node'), true);
        perform set_config('citus.force_max_query_parallelization', 'off', true);
    end if;
    -- Freeing one block of this size teaches glibc to keep memory it would otherwise return to
    -- the system after every group and fault in again: hll's states are 128 kB, just at its limit.
    perform length(repeat(' ', 4000000));
    return run;
end
$$;

COMMENT ON FUNCTION rollup.begin_run(names text[], max_events bigint, revisions integer[]) IS 'Internal. Takes the rollups'' run locks, waits for open writers and answers the spans of ids to count, at most max_events ids a node. Raises lock_not_available when put off.';

CREATE FUNCTION rollup.bi_view_text(rollup_name text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    r rollup.rollups;
begin
    select * into strict r from rollup.rollups where name = rollup_name;
    return format(E'create or replace view %s with (security_invoker = true) as\n    select %s\n      from %s r',
        rollup.view_name(r.target, 'bi'),
        (select string_agg(concat(s.formula, ' as ' || nullif(quote_ident(s.name), s.plain)), E',\n           '
                           order by c.position, s.position)
           from rollup.target_columns(r) with ordinality
                c (role, column_name, column_type, expression, merge, combine, differs, display, measure, shown, position)
          cross join lateral (
                select c.column_name::text, format('r.%I', c.column_name), quote_ident(c.column_name), 1 where c.role <> 'measure'
                union all
                select j.key, format(j.value, 'r'), null, j.position
                  from json_each_text(c.shown) with ordinality j (key, value, position)) s (name, formula, plain, position)),
        r.target);
end
$$;

COMMENT ON FUNCTION rollup.bi_view_text(rollup_name text) IS 'Internal. The statement that creates a rollup''s view of plain numbers.';

CREATE FUNCTION rollup.bucket_end(bucket interval, time_zone text, at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    first timestamp;
    start timestamptz;
begin
    if time_zone is null then
        -- As seconds: what a day is depends on the session's time zone.
        return rollup.bucket_start(bucket, null, at) + make_interval(secs => extract(epoch from bucket)::double precision);
    end if;
    if at is null or not isfinite(at) then
        return at;
    end if;
    first := rollup.local_bucket(bucket, timezone(time_zone, at));
    start := rollup.moment_of(first, time_zone);
    return case when start > at then start else rollup.moment_of(first + bucket, time_zone) end;
end
$$;

COMMENT ON FUNCTION rollup.bucket_end(bucket interval, time_zone text, at timestamp with time zone) IS 'End of the bucket that a time falls into, which is the start of the next one. See rollup.bucket_start.';

CREATE FUNCTION rollup.bucket_expression(bucket interval, time_zone text, expression text) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "IntervalStyle" TO 'postgres'
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (time_zone IS NULL) THEN format('date_bin(%L, %s, timestamptz %L)'::text, bucket, expression, '2000-01-01 00:00:00+00')
             ELSE format('rollup.bucket_start(%L, %L, %s)'::text, bucket, time_zone, expression)
         END AS format;
END;

COMMENT ON FUNCTION rollup.bucket_expression(bucket interval, time_zone text, expression text) IS 'Internal. SQL for the start of the bucket that the time in an expression falls into.';

CREATE FUNCTION rollup.local_bucket(bucket interval, local_time timestamp without time zone) RETURNS timestamp without time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN ((EXTRACT(year FROM bucket) = (0)::numeric) AND (EXTRACT(month FROM bucket) = (0)::numeric)) THEN date_bin(bucket, local_time, '2000-01-03 00:00:00'::timestamp without time zone)
             WHEN (bucket = '1 mon'::interval) THEN date_trunc('month'::text, local_time)
             WHEN (bucket = '3 mons'::interval) THEN date_trunc('quarter'::text, local_time)
             WHEN (bucket = '1 year'::interval) THEN date_trunc('year'::text, local_time)
             ELSE ('2000-01-01 00:00:00'::timestamp without time zone + (bucket * (floor((((((EXTRACT(year FROM local_time) - (2000)::numeric) * (12)::numeric) + EXTRACT(month FROM local_time)) - (1)::numeric) / ((EXTRACT(year FROM bucket) * (12)::numeric) + EXTRACT(month FROM bucket)))))::double precision))
         END AS "case";
END;

COMMENT ON FUNCTION rollup.local_bucket(bucket interval, local_time timestamp without time zone) IS 'Internal. Start of the bucket of whole days or months that a local time falls into.';

CREATE FUNCTION rollup.bucket_guess(bucket interval, time_zone text, at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT timezone(time_zone, rollup.local_bucket(bucket, timezone(time_zone, at))) AS timezone;
END;

COMMENT ON FUNCTION rollup.bucket_guess(bucket interval, time_zone text, at timestamp with time zone) IS 'Internal. As rollup.bucket_start, where clocks do not change at the start of the bucket.';

CREATE FUNCTION rollup.uneven_bucket_start(bucket interval, time_zone text, at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    first constant timestamp := rollup.local_bucket(bucket, timezone(time_zone, at));
    start constant timestamptz := rollup.moment_of(first, time_zone);
begin
    -- Clocks that go back from past midnight to before it show the new day, and then the old one again.
    return case when start <= at then start else rollup.moment_of(first - bucket, time_zone) end;
end
$$;

COMMENT ON FUNCTION rollup.uneven_bucket_start(bucket interval, time_zone text, at timestamp with time zone) IS 'Internal. As rollup.bucket_start, for times around a midnight that comes twice or not at all.';

CREATE FUNCTION rollup.bucket_start(bucket interval, time_zone text, at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (time_zone IS NULL) THEN date_bin(bucket, at, '2000-01-01 00:00:00+00'::timestamp with time zone)
             WHEN (NOT isfinite(at)) THEN at
             WHEN ((rollup.bucket_guess(bucket, time_zone, at) <= at) AND (timezone(time_zone, rollup.bucket_guess(bucket, time_zone, at)) = rollup.local_bucket(bucket, timezone(time_zone, at))) AND ((rollup.bucket_guess(bucket, time_zone, at) - timezone(time_zone, (rollup.local_bucket(bucket, timezone(time_zone, at)) - '00:00:01'::interval))) = '00:00:01'::interval)) THEN rollup.bucket_guess(bucket, time_zone, at)
             ELSE rollup.uneven_bucket_start(bucket, time_zone, at)
         END AS uneven_bucket_start;
END;

COMMENT ON FUNCTION rollup.bucket_start(bucket interval, time_zone text, at timestamp with time zone) IS 'Start of the bucket that a time falls into: whole days or months of a time zone or, without one (NULL), a length counted from 2000-01-01 00:00 UTC.';

CREATE FUNCTION rollup.buckets(rollup_name text, range_from timestamp with time zone, range_to timestamp with time zone, step interval DEFAULT NULL::interval, time_zone text DEFAULT NULL::text, OUT bucket timestamp with time zone, OUT bucket_to timestamp with time zone) RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    grid constant timestamptz[] := rollup.grid(rollup_name, range_from, range_to, step, time_zone);
begin
    return query
        select grid[n], grid[n + 1] from generate_series(1, cardinality(grid) - 1) n;
end
$$;

COMMENT ON FUNCTION rollup.buckets(rollup_name text, range_from timestamp with time zone, range_to timestamp with time zone, step interval, time_zone text, OUT bucket timestamp with time zone, OUT bucket_to timestamp with time zone) IS 'Every bucket of a rollup that a range touches, or every step of whole buckets, with its end: a series to join with. A step in a time zone is whole days or months of it.';

CREATE FUNCTION rollup.buckets_nest(fine interval, fine_zone text, coarse interval, coarse_zone text) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    fine_months constant numeric := extract(year from fine) * 12 + extract(month from fine);
    coarse_months constant numeric := extract(year from coarse) * 12 + extract(month from coarse);
begin
    return case
        when fine_zone is null and coarse_zone is null then
            mod(extract(epoch from coarse), extract(epoch from fine)) = 0
        when fine_zone is null then rollup.even_from(fine, coarse_zone) < 'infinity'
        when fine_zone is distinct from coarse_zone then false
        when fine_months > 0 then mod(coarse_months, fine_months) = 0 and coarse_months > 0
        when coarse_months > 0 then fine = interval '1 day'
        else mod(extract(day from coarse), extract(day from fine)) = 0 end;
end
$$;

COMMENT ON FUNCTION rollup.buckets_nest(fine interval, fine_zone text, coarse interval, coarse_zone text) IS 'Internal. Whether buckets can be fed from finer ones (each with its time zone, or NULL): whether every coarse one is whole fine ones, since 2000 at least (rollup.even_from).';

CREATE FUNCTION rollup.check_extensions(OUT check_name text, OUT status text, OUT finding text, OUT todo text) RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    x record;
begin
    check_name := 'package';
    status := 'ok';
    finding := 'rollup ' || rollup.version() || ', PostgreSQL ' || current_setting('server_version');
    return next;

    for x in
        select w.name, w.purpose, w.needed, e.extversion, a.default_version
          from (values ('hll', 'distinct counts', true),
                       ('topn', 'top lists in C; SQL functions stand in', false),
                       ('tdigest', 'quantiles', false),
                       ('pg_partman', 'partitions', false),
                       ('pg_cron', 'schedules', false),
                       ('citus', 'sharding', false)) w (name, purpose, needed)
          left join pg_extension e on e.extname = w.name
          left join pg_available_extensions a on a.name = w.name
         order by w.needed desc, w.name
    loop
        check_name := 'extension ' || x.name;
        finding := coalesce(x.extversion, case when x.default_version is null then 'not offered by this server'
                                             else 'offered, not created' end) || ' (' || x.purpose || ')';
        todo := null;
        status := 'ok';
        if x.extversion is null and x.needed then
            status := 'fail';
            todo := 'create extension ' || x.name;
        elsif x.extversion is null and x.default_version is not null and x.name = 'topn' then
            status := 'warn';
            todo := 'create extension topn; then install the package again (rollupctl install)';
        elsif x.extversion is not null and x.name = 'topn'
              and exists (select from rollup.rollups r where pg_get_functiondef(
                              to_regprocedure(r.function_name || '(bigint)')) like '%rollup_compat.topn%') then
            status := 'warn';
            finding := finding || '; generated functions still call the SQL functions';
            todo := 'install the package again (rollupctl install)';
        end if;
        return next;
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.check_extensions(OUT check_name text, OUT status text, OUT finding text, OUT todo text) IS 'Internal. Part of rollup.doctor: versions of the server, the package and extensions.';

CREATE FUNCTION rollup.check_lag(OUT check_name text, OUT status text, OUT finding text, OUT todo text) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    s rollup.status;
begin
    for s in select * from rollup.status x where x.lag_events is not null loop
        check_name := format('lag of %I', s.name);
        status := case when s.last_status = 'failed' or s.lag_seconds > 600 then 'fail' else 'ok' end;
        finding := format('%s events, %s s', s.lag_events, s.lag_seconds)
                 || coalesce('; last run ' || s.last_status || ': ' || s.last_message, '');
        todo := case when status = 'fail' then format('select * from rollup.run(%L)', s.name) end;
        return next;
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.check_lag(OUT check_name text, OUT status text, OUT finding text, OUT todo text) IS 'Internal. Part of rollup.doctor: rollups that fail, or are more than ten minutes behind; not those whose source is gone.';

CREATE FUNCTION rollup.check_length(column_name text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if octet_length(column_name) > 63 then
        raise exception using
            errcode = 'name_too_long',
            message = format('the name of column %I is too long', column_name),
            hint = 'PostgreSQL takes 63 bytes, with what a kind of measure puts behind a name.';
    end if;
end
$$;

COMMENT ON FUNCTION rollup.check_length(column_name text) IS 'Internal. Refuses a column name that PostgreSQL would cut.';

CREATE FUNCTION rollup.check_measures(OUT check_name text, OUT status text, OUT finding text, OUT todo text) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    AS $_$
declare
    m rollup.measures;
    r rollup.rollups;
    newest timestamptz;
    is_fillable boolean;
begin
    for m in select * from rollup.measures x where x.valid_since is not null loop
        r := rollup.find_rollup(m.rollup);
        -- What is gone altogether stands in rollup.check_sources and rollup.check_targets.
        continue when (select count(*) from pg_class c where c.oid in (r.source, r.target)) < 2;
        execute format('select max(t.%1$I) from %2$s t where t.%1$I >= $1 and t.%1$I < $2', r.bucket_column, r.target)
           into newest using coalesce(r.expired_before, '-infinity'), m.valid_since;
        is_fillable := newest is not null and not rollup.missing_ranges(r.source)
                       && tstzrange(newest, rollup.bucket_end(r.bucket, r.time_zone, newest));
        check_name := format('measure %I of %I', m.measure, m.rollup);
        status := case when is_fillable then 'warn' else 'ok' end;
        finding := format('complete since %s', m.valid_since)
                || case when is_fillable then ', and could be filled in further back' else '' end;
        todo := case when is_fillable then format('call rollup.backfill_measures(%L)', m.rollup) end;
        return next;
    end loop;
end
$_$;

COMMENT ON FUNCTION rollup.check_measures(OUT check_name text, OUT status text, OUT finding text, OUT todo text) IS 'Internal. Part of rollup.doctor: added measures that could be filled in further.';

CREATE FUNCTION rollup.check_partitions(OUT check_name text, OUT status text, OUT finding text, OUT todo text) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    s record;
    stray bigint;
begin
    for s in
        select r.relation, r.is_source, max(p.range_to) as covered_to,
               max(p.range_to - p.range_from) as width,
               (array_agg(p.partition) filter (where p.is_default))[1] as default_partition
          from (select x.source as relation, true as is_source from rollup.rollups x
                union select x.target, false from rollup.rollups x) r
          join pg_partitioned_table t on t.partrelid = r.relation
         cross join lateral rollup.partitions(r.relation) p
         where r.is_source or rollup.partition_column(r.relation) is not null
         group by 1, 2 order by 2 desc, 1
    loop
        check_name := 'partitions of ' || s.relation;
        todo := null;
        if s.covered_to is null or s.covered_to <= now() then
            status := 'fail';
            finding := coalesce('they end at ' || s.covered_to, 'there are none but the default one');
        elsif s.covered_to < now() + s.width then
            status := 'warn';
            finding := 'the last one is in use; they end at ' || s.covered_to;
        else
            status := 'ok';
            finding := 'made ahead to ' || s.covered_to;
        end if;
        if status <> 'ok' then
            todo := 'select rollup.maintain_partitions()';
        end if;
        return next;

        if s.default_partition is not null then
            check_name := 'default partition of ' || s.relation;
            -- What is back-dated has its place there: among events it tells of something unforeseen.
            execute format('select count(*) from %s%s', s.default_partition, case when not s.is_source
                then format(' where %I >= %L', rollup.partition_column(s.relation), s.covered_to) end) into stray;
            status := case when stray = 0 then 'ok' else 'warn' end;
            finding := case when stray = 0 then case when s.is_source then 'empty' else 'nothing ahead of the partitions' end
                          else format('%s %s', stray, case when s.is_source
                              then 'events lie in it: back-dated, or ahead of the partitions' else 'rows in it are ahead of the partitions' end) end;
            todo := case when stray > 0 then
                'select rollup.maintain_partitions() moves those ahead; rollup.expire removes old ones' end;
            return next;
        end if;
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.check_partitions(OUT check_name text, OUT status text, OUT finding text, OUT todo text) IS 'Internal. Part of rollup.doctor: partitions running out, events in the default partition.';

CREATE FUNCTION rollup.check_prepared(OUT check_name text, OUT status text, OUT finding text, OUT todo text) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    node record;
begin
    for node in
        select n.node, n.result::jsonb as left_behind
          from rollup.on_each_node(
            'select coalesce(jsonb_agg(gid order by prepared), ''[]'') from pg_prepared_xacts
              where database = current_database() and prepared < now() - interval ''1 minute''') n
    loop
        check_name := 'prepared transactions on ' || node.node;
        status := case when node.left_behind = '[]' then 'ok' else 'fail' end;
        finding := case when node.left_behind = '[]' then 'none left behind'
                        else node.left_behind::text || ' for more than a minute' end;
        todo := case
            when node.left_behind = '[]' then null
            when node.left_behind::text like '%"citus\_%' then 'select recover_prepared_transactions() on that node'
            else 'commit prepared or rollback prepared, by name: rollups wait for them' end;
        return next;
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.check_prepared(OUT check_name text, OUT status text, OUT finding text, OUT todo text) IS 'Internal. Part of rollup.doctor: prepared transactions left behind.';

CREATE FUNCTION rollup.check_retention(OUT check_name text, OUT status text, OUT finding text, OUT todo text) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    AS $_$
declare
    what rollup.retention;
    r rollup.rollups;
    is_overdue boolean;
begin
    for what in select * from rollup.retention x where x.keep is not null and x.is_enforced loop
        check_name := format('retention of %s', what.name);
        if what.kind = 'source' then
            is_overdue := exists (select from rollup.partitions(what.relation) p
                                   where p.range_to <= now() - what.keep - interval '2 days');
        else
            select * into r from rollup.rollups x where x.name = what.name;
            continue when not exists (select from pg_class c where c.oid = r.target);
            r.keep := r.keep + interval '2 days';
            execute format('select exists (select 1 from %s where %I < $1)', r.target, r.bucket_column)
               into is_overdue using rollup.kept_from(r);
        end if;
        status := case when is_overdue then 'warn' else 'ok' end;
        finding := format('%s%s', what.keep, case when is_overdue then
            case when what.kind = 'source' then ', but there are older partitions'
                 else ', but there are older rows: of late events, or nothing removes them' end end);
        todo := case when is_overdue then 'call rollup.expire_all(); select rollup.schedule() has pg_cron do it daily' end;
        return next;
    end loop;
end
$_$;

COMMENT ON FUNCTION rollup.check_retention(OUT check_name text, OUT status text, OUT finding text, OUT todo text) IS 'Internal. Part of rollup.doctor: what is kept for longer than was declared.';

CREATE FUNCTION rollup.check_schedule(OUT check_name text, OUT status text, OUT finding text, OUT todo text) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    cron_database text := current_setting('cron.database_name', true);
    job record;
begin
    check_name := 'schedule';
    if rollup.extension_schema('pg_cron') is null then
        status := 'warn';
        finding := case
            when cron_database is null then 'pg_cron is not loaded on this server'
            when cron_database <> current_database() then format('pg_cron works from database %I, not from this one', cron_database)
            else 'pg_cron is loaded, not set up' end;
        todo := case when cron_database = current_database() then 'select rollup.schedule()'
                     else 'rollupctl rollup --watch, or cron.database_name = ' || quote_literal(current_database()) end;
        return next;
        return;
    end if;
    for job in execute
        $query$
        select w.name, j.jobid, j.schedule, j.active, j.database, d.status, d.return_message, d.start_time
          from (values ('rollup-run'), ('rollup-partitions'), ('rollup-expire')) w (name)
          left join cron.job j on j.jobname = w.name
          left join lateral (select x.status, x.return_message, x.start_time from cron.job_run_details x
                              where x.jobid = j.jobid order by x.runid desc limit 1) d on true
        $query$
    loop
        check_name := 'job ' || job.name;
        todo := 'select rollup.schedule()';
        if job.jobid is null then
            status := 'warn';
            finding := 'there is none';
        elsif job.database <> current_database() then
            status := 'fail';
            finding := format('it runs in database %I', job.database);
        elsif not job.active then
            status := 'fail';
            finding := 'it is switched off';
        elsif job.status = 'failed' then
            status := 'fail';
            finding := format('its last run, at %s, failed: %s', date_trunc('second', job.start_time), job.return_message);
            todo := 'see cron.job_run_details and rollup.status';
        else
            status := 'ok';
            finding := format('%s, last run %s', job.schedule,
                            coalesce(job.status || ' at ' || date_trunc('second', job.start_time), 'still to come'));
            todo := null;
        end if;
        return next;
    end loop;
end
$_$;

COMMENT ON FUNCTION rollup.check_schedule(OUT check_name text, OUT status text, OUT finding text, OUT todo text) IS 'Internal. Part of rollup.doctor: pg_cron jobs missing, switched off, failing or elsewhere.';

CREATE FUNCTION rollup.check_sources(OUT check_name text, OUT status text, OUT finding text, OUT todo text) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $_$
declare
    s record;
    seen record;
    node record;
    head bigint;
    highest_mark bigint;
    largest_id bigint;
    recount bigint;
begin
    for s in
        select r.source, r.id_column, r.id_sequence, min(r.time_column) as time_column
          from rollup.rollups r group by 1, 2, 3 order by 1
    loop
        check_name := 'ids of ' || s.source;
        if not exists (select from pg_class where oid = s.source) then
            status := 'fail';
            finding := 'the table is gone';
            todo := (select string_agg(format('select rollup.drop_rollup(%L)', r.name), '; ' order by r.id)
                       from rollup.rollups r where r.source = s.source);
            return next;
            continue;
        end if;
        status := 'ok';
        todo := null;
        begin
            perform rollup.id_sequence(s.source, s.id_column);
            perform rollup.last_id(s.id_sequence);
            finding := format('%s.%I is bigint, from %s, one by one', s.source, s.id_column, s.id_sequence);
        exception when object_not_in_prerequisite_state or datatype_mismatch or undefined_column then
            status := 'fail';
            get stacked diagnostics finding = message_text, todo = pg_exception_hint;
        end;
        return next;
        continue when status = 'fail';

        for node in
            select n.node_group, n.node, n.result::bigint as last_id
              from rollup.on_each_node(format('select coalesce(rollup.last_id(%L), 0)', s.id_sequence)) n
        loop
            check_name := format('sequence of %s on %s', s.source, node.node);
            status := 'ok';
            todo := null;
            head := greatest(node.last_id, node.node_group::bigint << 48);
            select max(w.last_id) into highest_mark
              from rollup.watermarks w join rollup.rollups r on r.name = w.rollup
             where r.source = s.source and w.node_group = node.node_group;
            execute format('select max(%1$I) from %2$s where %1$I > $1 and %1$I < $2', s.id_column, s.source)
               into largest_id using head, (node.node_group::bigint + 1) << 48;
            if highest_mark > head or largest_id is not null then
                status := 'fail';
                finding := format('it stands at %s, behind %s', head,
                    case when largest_id is not null then format('event %s', largest_id)
                         else format('the watermark %s', highest_mark) end);
                todo := format('select setval(%L, %s)%s, then rollup.verify', s.id_sequence::text,
                               greatest(highest_mark, largest_id),
                               case when node.node_group > 0 then ' on that node' else '' end);
            else
                finding := format('at %s', head);
            end if;
            return next;
        end loop;

        -- The ids that runs went over can be counted again.
        check_name := 'counted events of ' || s.source;
        status := 'ok';
        todo := null;
        select sum(x.events) as events, max(x.rollup) as rollup into seen
          from rollup.recent_runs(s.source) x;
        execute format('select count(*) from %s where %s', s.source, coalesce((
            select string_agg(format('%1$I >= %2$s and %1$I < %3$s', s.id_column, lower(ids), upper(ids)), ' or ')
              from unnest((select range_agg(int8range(p.after_id, p.through_id, '(]'))
                             from rollup.recent_runs(s.source) x
                            cross join lateral jsonb_to_recordset(x.spans) p (after_id bigint, through_id bigint)
                          )) ids), 'false')) into recount;
        if recount > seen.events then
            status := 'fail';
            finding := format('%s events have come in below the watermark in the last day: '
                            'their ids were not fresh from the sequence', recount - seen.events);
            todo := format('select * from rollup.repair(%L), for every rollup; leave the id column out of inserts', seen.rollup);
        elsif recount < seen.events then
            status := 'warn';
            finding := format('%s events counted in the last day have been removed since', seen.events - recount);
            todo := 'where that was not an expiry: rollupctl verify, and rebuild what differs';
        else
            finding := format('the %s of the last day are there', recount);
        end if;
        return next;
    end loop;
end
$_$;

COMMENT ON FUNCTION rollup.check_sources(OUT check_name text, OUT status text, OUT finding text, OUT todo text) IS 'Internal. Part of rollup.doctor: ids, sequences, and events below the watermark.';

CREATE FUNCTION rollup.check_targets(OUT check_name text, OUT status text, OUT finding text, OUT todo text) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO, MDY'
    AS $_$
declare
    r rollup.rollups;
    problems text[];
    keys text[];
    c record;
    actual text;
    first_key text[];
    colocated boolean;
    plan text;
begin
    for r in select * from rollup.rollups x where exists (select from pg_class y where y.oid = x.source) order by id loop
        check_name := format('table of %I', r.name);
        problems := '{}';
        todo := null;
        if not exists (select from pg_class where oid = r.target) then
            status := 'fail';
            finding := 'the table is gone';
            todo := format('select rollup.drop_rollup(%L), then declare it again', r.name);
            return next;
            continue;
        end if;
        keys := '{}';
        for c in
            select * from rollup.target_columns(r)
        loop
            if c.role <> 'measure' then
                keys := keys || c.column_name::text;
            end if;
            select format_type(a.atttypid, a.atttypmod) into actual
              from pg_attribute a
             where a.attrelid = r.target and a.attname = c.column_name and not a.attisdropped;
            if actual is null then
                problems := problems || format('column %I is missing', c.column_name);
            elsif c.column_type like '%hll(%' and actual like '%(%' and actual <> c.column_type then
                problems := problems || format('%I holds %s, the rollup makes %s', c.column_name, actual, c.column_type);
            end if;
        end loop;
        select (select array_agg(a.attname::text order by k.n)
                  from unnest(i.indkey) with ordinality k (attnum, n)
                  join pg_attribute a on a.attrelid = r.target and a.attnum = k.attnum)
          into first_key
          from pg_index i
         where i.indrelid = r.target and i.indisunique and i.indisvalid and i.indnullsnotdistinct
           and i.indpred is null and i.indexprs is null
           and (select array_agg(a.attname::text order by a.attname) from unnest(i.indkey) k
                  join pg_attribute a on a.attrelid = r.target and a.attnum = k)
               = (select array_agg(k order by k) from unnest(keys) k)
         limit 1;
        if first_key is null then
            problems := problems || 'its unique key (nulls not distinct) is missing'::text;
            todo := format('create unique index on %s (%s) nulls not distinct', r.target,
                           (select string_agg(quote_ident(k), ', ' order by n) from unnest(keys) with ordinality x (k, n)));
        elsif r.tenant is not null and first_key[1:2] <> array[r.tenant, r.bucket_column]::text[] then
            problems := problems || format('its key starts with %s: one tenant''s recent rows do not lie together',
                                           array_to_string(first_key[1:2], ', '));
            todo := 'make the key again, tenant and bucket first';
        end if;
        if to_regprocedure(r.function_name || '(bigint)') is null then
            problems := problems || format('function %s is missing', r.function_name);
            todo := 'install the package again (rollupctl install)';
        end if;
        if to_regclass(rollup.view_name(r.target, 'bi')) is null then
            problems := problems || format('view %s is missing', rollup.view_name(r.target, 'bi'));
            todo := 'install the package again (rollupctl install)';
        end if;
        if rollup.is_distributed(r.source) then
            execute 'select s.colocationid = t.colocationid from pg_dist_partition s, pg_dist_partition t
                      where s.logicalrelid = $1 and t.logicalrelid = $2' into colocated using r.source, r.target;
            if colocated is not true then
                problems := problems || 'it is not colocated with its source'::text;
                todo := format('select update_distributed_table_colocation(%L, colocate_with => %L)', r.target, r.source);
            else
                plan := rollup.plan_of(r.name);
                if plan ~ 'pull to coordinator|repartition|Distributed Subplan' then
                    problems := problems || 'Citus pulls its events to the coordinator instead of counting on the shards'::text;
                    todo := 'group by columns and expressions that Citus can push down; see explain ' || rollup.plan_statement(r.name);
                end if;
            end if;
        end if;
        status := case when problems = '{}' then 'ok' else 'fail' end;
        finding := coalesce(nullif(array_to_string(problems, '; '), ''), 'columns, key, function and view are right');
        return next;
    end loop;
end
$_$;

COMMENT ON FUNCTION rollup.check_targets(OUT check_name text, OUT status text, OUT finding text, OUT todo text) IS 'Internal. Part of rollup.doctor: columns, sketch parameters, unique keys, functions, colocation and push-down.';

CREATE FUNCTION rollup.check_view_names(target regclass) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    suffix text;
    view_name text;
begin
    foreach suffix in array '{bi,live}'::text[] loop
        view_name := rollup.view_name(target, suffix);
        perform rollup.check_length(parts[2]) from parse_ident(view_name) parts;
        if to_regclass(view_name) is not null then
            raise exception using
                errcode = 'duplicate_table',
                message = format('%s is there already; the rollup needs the name for a view of its own', view_name),
                hint = 'Rename it, or choose another table with target => ….';
        end if;
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.check_view_names(target regclass) IS 'Internal. Refuses a rollup whose views would have a name that is taken, or too long.';

CREATE FUNCTION rollup.coming_partitions(relation regclass, from_time timestamp with time zone DEFAULT NULL::timestamp with time zone, OUT range_from timestamp with time zone, OUT range_to timestamp with time zone) RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
declare
    width constant interval := (select r.partition_interval from rollup.rollups r where r.target = relation);
    last_start constant timestamptz := lower(rollup.partition_range(width, now() + 4 * width));
begin
    select coalesce(max(p.range_to), lower(rollup.partition_range(width, coalesce(from_time, now()))))
      into range_from
      from rollup.partitions(relation) p
     where not p.is_default;
    while range_from <= last_start loop
        range_to := upper(rollup.partition_range(width, range_from));
        return next;
        range_from := range_to;
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.coming_partitions(relation regclass, from_time timestamp with time zone, OUT range_from timestamp with time zone, OUT range_to timestamp with time zone) IS 'Internal. Partitions that a rollup''s table lacks, as its partition_interval has them, after the last one or from a time on.';

CREATE FUNCTION rollup.create_batch_table(family_id bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "citus.multi_shard_modify_mode" TO 'sequential'
    AS $$
declare
    lead rollup.rollups;
    batch_name constant text := format('rollup.batch_%s', family_id);
    wanted text[];
    found_columns text[];
begin
    select * into strict lead from rollup.rollups
     where family = family_id order by bucket, time_zone nulls first, id limit 1;
    select array_agg(format('%I %s', c.column_name, c.column_type)) into wanted
      from rollup.target_columns(lead) c;
    wanted := wanted || '{"\"(time)\" timestamp with time zone","\"(events)\" bigint"}'::text[];
    select array_agg(format('%I %s', attname, format_type(atttypid, atttypmod)) order by attnum) into found_columns
      from pg_attribute
     where attrelid = to_regclass(batch_name) and attnum > 0 and not attisdropped;
    if found_columns = wanted then
        return;
    end if;
    perform rollup.drop_batch_table(family_id);
    execute format('create table %s (%s) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000)',
                   batch_name, array_to_string(wanted, ', '));
    execute format('comment on table %s is %L', batch_name,
                   format('Groups of new events on their way into the rollups of family %s; empty between runs.', family_id));
    perform create_distributed_table(batch_name::regclass, lead.tenant::text, colocate_with => lead.source::text);
end
$$;

COMMENT ON FUNCTION rollup.create_batch_table(family_id bigint) IS 'Internal. Makes the table that a family''s new groups pass through on Citus, or makes it anew where its columns have changed.';

CREATE FUNCTION rollup.create_bi_view(rollup_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    r rollup.rollups;
    view_name text;
begin
    select * into strict r from rollup.rollups where name = rollup_name;
    view_name := rollup.view_name(r.target, 'bi');
    perform rollup.create_view(view_name, rollup.bi_view_text(rollup_name), format(
        'Plain numbers of %1$s, up to its watermark. Add up counts and sums only: distinct counts, averages and '
        'quantiles of several rows come from the sketches, sums and counts in %1$s; see docs/rollups.md, '
        '"Several rows as one".', r.target));
    execute format('grant select on %s to public', view_name);
end
$_$;

COMMENT ON FUNCTION rollup.create_bi_view(rollup_name text) IS 'Internal. Makes or replaces a rollup''s view of plain numbers.';

CREATE FUNCTION rollup.create_coordinator_function(statement text, function_name text, description text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "citus.enable_ddl_propagation" TO 'off'
    AS $$
begin
    execute statement;
    execute format('comment on function %s(bigint) is %L', function_name, description);
end
$$;

COMMENT ON FUNCTION rollup.create_coordinator_function(statement text, function_name text, description text) IS 'Internal. Makes a generated function and its comment.';

CREATE FUNCTION rollup.create_family(family_id bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    f rollup.families;
    new_function text := format('rollup.run_family_%s', family_id);
    source regclass;
begin
    select * into strict f from rollup.families where id = family_id;
    select min(r.source::oid)::regclass into source
      from rollup.rollups r where r.family = family_id having count(*) > 1;
    if source is null then
        new_function := null;
    end if;
    if source is not null and rollup.is_distributed(source) then
        perform rollup.create_batch_table(family_id);
    else
        perform rollup.drop_batch_table(family_id);
    end if;
    if f.function_name is distinct from new_function then
        update rollup.families set function_name = new_function where id = family_id;
        if new_function is null then
            perform rollup.drop_function(f.function_name);
        end if;
    end if;
    if new_function is not null then
        perform rollup.create_coordinator_function(
            rollup.family_function_text(family_id, new_function), new_function,
            format('Counts new events of %s into all rollups of family %s; see rollup.run_family.', source, family_id));
    end if;
end
$$;

COMMENT ON FUNCTION rollup.create_family(family_id bigint) IS 'Internal. Makes, replaces or removes a family''s function.';

CREATE FUNCTION rollup.create_function(rollup_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    r rollup.rollups;
begin
    select * into strict r from rollup.rollups where name = rollup_name;
    perform rollup.create_coordinator_function(rollup.function_text(rollup_name), r.function_name,
        format('Counts new events of %s into %s: all of them, or at most max_events ids. Answers '
               'status (done, nothing new, busy), events counted, rows written, whether more is waiting.',
               r.source, r.target));
end
$$;

COMMENT ON FUNCTION rollup.create_function(rollup_name text) IS 'Internal. Makes or replaces a rollup''s function.';

CREATE FUNCTION rollup.create_live_view(rollup_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    r rollup.rollups;
begin
    select * into strict r from rollup.rollups where name = rollup_name;
    perform rollup.create_view(rollup.view_name(r.target, 'live'), rollup.live_view_text(rollup_name),
        format('%s, with the events of %s that are not counted yet: exact now.', r.target, r.source));
end
$$;

COMMENT ON FUNCTION rollup.create_live_view(rollup_name text) IS 'Internal. Makes or replaces a rollup''s live view.';

CREATE FUNCTION rollup.create_rollup(name text, source regclass, bucket interval, measures json, dimensions text[] DEFAULT '{}'::text[], target text DEFAULT NULL::text, tenant name DEFAULT 'customer_id'::name, id_column name DEFAULT 'event_id'::name, time_column name DEFAULT 'event_time'::name, bucket_column name DEFAULT 'bucket'::name, filter text DEFAULT NULL::text, function_name text DEFAULT NULL::text, work_mem text DEFAULT '128MB'::text, newest_first boolean DEFAULT false, time_zone text DEFAULT NULL::text, keep interval DEFAULT NULL::interval, partition_interval interval DEFAULT NULL::interval) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO, MDY'
    SET "citus.multi_shard_modify_mode" TO 'sequential'
    AS $_$
#variable_conflict use_variable
declare
    declared rollup.rollups;
    existing rollup.rollups;
    source_schema name;
    target_name text;
    target_table regclass;
    columns jsonb;
    same_but_measures boolean;
begin
    if name is null or source is null or bucket is null or measures is null then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = 'a rollup needs a name, a source, a bucket and measures';
    end if;
    perform rollup.known_bucket(bucket, time_zone);
    declared.time_zone := rollup.known_zone(time_zone);
    if json_typeof(measures) <> 'object' or measures::text ~ '^\s*\{\s*\}\s*$' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'measures must be an object with at least one measure',
            hint = 'For example {"visits": {"count": "*"}}.';
    end if;
    select n.nspname into source_schema
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid = source and c.relkind in ('r', 'p');
    if not found then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('%s is not a table', source),
            hint = 'A rollup reads a table, partitioned or not.';
    end if;

    -- Unqualified names live beside the source.
    target_name := case when cardinality(parse_ident(coalesce(target, quote_ident(name)))) = 1
        then format('%I.', source_schema) else '' end || coalesce(target, quote_ident(name));

    declared.name := name;
    declared.source := source;
    declared.tenant := tenant;
    declared.id_column := id_column;
    declared.id_sequence := rollup.id_sequence(source, id_column);
    declared.time_column := time_column;
    declared.bucket := bucket;
    declared.bucket_column := bucket_column;
    declared.dimensions := dimensions;
    declared.measures := measures;
    declared.filter := filter;
    declared.work_mem := work_mem;
    declared.keep := rollup.valid_keep(keep, bucket);
    declared.partition_interval := rollup.valid_partition_interval(partition_interval, bucket);
    declared.function_name := case
        when function_name is null then format('%I.%I', source_schema, 'count_' || name)
        when cardinality(parse_ident(function_name)) = 1
            then format('%I.%I', source_schema, (parse_ident(function_name))[1])
        else format('%I.%I', (parse_ident(function_name))[1], (parse_ident(function_name))[2]) end;

    perform rollup.last_id(declared.id_sequence);
    perform pg_advisory_xact_lock(hashtextextended('rollup.create_rollup', 0));

    select * into existing from rollup.rollups x where x.name = declared.name;
    if found then
        same_but_measures :=
           (existing.source, existing.tenant, existing.id_column, existing.time_column,
            existing.bucket, existing.bucket_column, existing.dimensions,
            existing.filter, existing.function_name, existing.target,
            existing.time_zone, extract(month from existing.bucket), extract(year from existing.bucket))
           is not distinct from
           (declared.source, declared.tenant, declared.id_column, declared.time_column,
            declared.bucket, declared.bucket_column, declared.dimensions,
            declared.filter, declared.function_name, to_regclass(target_name),
            declared.time_zone, extract(month from declared.bucket), extract(year from declared.bucket))
           -- What may be changed later counts where it is said.
           and (declared.keep is null or declared.keep is not distinct from existing.keep)
           and (declared.partition_interval is null or declared.partition_interval is not distinct from existing.partition_interval);
        if same_but_measures and existing.measures::jsonb = declared.measures::jsonb then
            perform rollup.create_function(name);
            return format('rollup %I is there already', name);
        end if;
        raise exception using
            errcode = 'duplicate_object',
            message = format('there is a rollup %I already, declared differently', name),
            hint = case when same_but_measures then rollup.alter_hint(existing, declared)
                        else format('select rollup.drop_rollup(%L) first, or choose another name.%s', name,
                          case when declared.keep is not null and declared.keep is distinct from existing.keep then
                              format(' The retention alone is changed by select rollup.set_retention(%L, %L).', name, keep) end) end;
    end if;

    if tenant is null and rollup.is_distributed(source) then
        raise exception using
            errcode = 'feature_not_supported',
            message = format('%s is distributed: a rollup of it needs its tenant', source),
            hint = 'Name its distribution column with tenant => ….';
    end if;
    if time_column is null or rollup.expression_type(source, quote_ident(time_column)) <> 'timestamp with time zone' then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('%s.%I must be timestamp with time zone', source, time_column);
    end if;
    if filter is not null and rollup.expression_type(source, filter) <> 'boolean' then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('the filter must be a condition, not %s', filter);
    end if;

    select jsonb_agg(jsonb_build_object('name', c.column_name, 'type', c.column_type, 'role', c.role))
      into columns
      from rollup.target_columns(declared) c;
    perform rollup.refuse_doubled(declared);

    target_table := rollup.adopt_table(target_name, source, tenant, columns, partition_interval is not null);
    perform rollup.check_view_names(target_table);
    declared.family := rollup.join_family(declared);
    insert into rollup.rollups (name, family, source, target, function_name, tenant, id_column, id_sequence,
                                time_column, bucket, bucket_column, dimensions, measures, filter, work_mem,
                                time_zone, keep, partition_interval)
    values (declared.name, declared.family, declared.source, target_table, declared.function_name, declared.tenant,
            declared.id_column, declared.id_sequence, declared.time_column, declared.bucket,
            declared.bucket_column, declared.dimensions, declared.measures, declared.filter, declared.work_mem,
            declared.time_zone, declared.keep, declared.partition_interval);
    perform rollup.note_source(source);
    perform rollup.begin_counting(name, newest_first);
    if partition_interval is not null then
        perform rollup.make_partitions(target_table, rollup.history_of(declared));
    end if;
    perform rollup.create_function(name);
    perform rollup.create_family(declared.family);
    perform rollup.create_views(name);
    perform rollup.refuse_pulled(name);
    return format('rollup %I counts %s into %s', name, source, target_table);
end
$_$;

COMMENT ON FUNCTION rollup.create_rollup(name text, source regclass, bucket interval, measures json, dimensions text[], target text, tenant name, id_column name, time_column name, bucket_column name, filter text, function_name text, work_mem text, newest_first boolean, time_zone text, keep interval, partition_interval interval) IS 'Declares a rollup: makes or adopts its table, its unique key and the function that counts new events into it. The same declaration again changes nothing; another one under the same name raises duplicate_object. Buckets are up to a day long and counted from 2000-01-01 00:00 UTC or, with time_zone, whole days or months of that zone. What there is already is counted by the first runs, oldest first; with newest_first what comes from now on is counted first, and what there is from the newest back, a window a run: see rollup.backfill.';

CREATE FUNCTION rollup.create_view(view_name text, statement text, description text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    begin
        execute statement;
    exception when invalid_table_definition then
        -- Columns have gone, or have other types.
        execute format('drop view %s', view_name);
        execute statement;
    end;
    execute format('comment on view %s is %L', view_name, description);
end
$$;

COMMENT ON FUNCTION rollup.create_view(view_name text, statement text, description text) IS 'Internal. Makes or replaces one of a rollup''s views. Raises dependent_objects_still_exist when its columns change and somebody''s own view stands on it.';

CREATE FUNCTION rollup.create_views(rollup_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    perform rollup.create_live_view(rollup_name);
    perform rollup.create_bi_view(rollup_name);
    perform rollup.describe_measures(rollup_name);
end
$$;

COMMENT ON FUNCTION rollup.create_views(rollup_name text) IS 'Internal. Makes or replaces a rollup''s views.';

CREATE FUNCTION rollup.cron_schedule(every text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    seconds numeric;
    cron_version int[];
begin
    -- Five fields: cron's own notation, which pg_cron checks.
    if every ~ '^\s*\S+(\s+\S+){4}\s*$' and every !~ '[[:alpha:]]{4}' then
        return btrim(every);
    end if;
    begin
        seconds := extract(epoch from every::interval);
    exception when invalid_datetime_format or datetime_field_overflow then
        seconds := null;
    end;
    -- Debian calls a version 1.4-1.
    select regexp_match(extversion, '^(\d+)\.(\d+)')::int[] into cron_version
      from pg_extension where extname = 'pg_cron';
    return case
        when seconds is null or seconds <= 0 then rollup.bad_schedule(every, 'that is neither a time span nor cron notation')
        when seconds < 60 and cron_version < '{1,5}' then rollup.bad_schedule(every, 'pg_cron before 1.5 has no seconds')
        when seconds < 60 and seconds = trunc(seconds) then format('%s seconds', trunc(seconds))
        when seconds < 3600 and mod(seconds, 60) = 0 and mod(60, seconds / 60) = 0
            then case when seconds = 60 then '* * * * *' else format('*/%s * * * *', trunc(seconds / 60)) end
        when seconds < 86400 and mod(seconds, 3600) = 0 and mod(24, seconds / 3600) = 0
            then case when seconds = 3600 then '0 * * * *' else format('0 */%s * * *', trunc(seconds / 3600)) end
        when seconds = 86400 then '0 0 * * *'
        else rollup.bad_schedule(every, 'cron can keep only spans that divide a minute, an hour or a day') end;
end
$_$;

COMMENT ON FUNCTION rollup.cron_schedule(every text) IS 'Internal. A time span such as "1 minute", or cron notation, as pg_cron takes it.';

CREATE FUNCTION rollup.describe_measures(rollup_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "citus.enable_ddl_propagation" TO 'off'
    AS $$
declare
    marker constant text := E'\nAdded later: ';
    r constant rollup.rollups := rollup.find_rollup(rollup_name);
    added record;
    column_name text;
    sentences text;
    relation regclass;
begin
    for added in
        select a.measure,
               'omplete from the bucket of ' || nullif(a.valid_since, '-infinity')::text || ' on.' as since
          from rollup.added_measures a
         where a.rollup = r.name and a.tenant is null
         order by a.added_at, a.measure
    loop
        sentences := concat_ws(' ', sentences, format('%I is c', added.measure) || added.since);
        for column_name in
            select c.column_name from rollup.target_columns(rollup.with_measures(r, array[added.measure])) c
             where c.role = 'measure'
        loop
            execute format('comment on column %s.%I is %L', r.target, column_name,
                           'C' || added.since || ' See rollup.measures.');
        end loop;
    end loop;
    for relation in
        select v.oid::regclass from unnest('{live,bi}'::text[]) s
          join pg_class v on v.oid = to_regclass(rollup.view_name(r.target, s))
    loop
        execute format('comment on view %s is %L', relation,
                       concat(split_part(obj_description(relation, 'pg_class'), marker, 1), marker || nullif(sentences, '')));
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.describe_measures(rollup_name text) IS 'Internal. Says in comments on a rollup''s columns and views from which bucket on added measures are complete.';

CREATE FUNCTION rollup.distributed_parts(source regclass) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    result jsonb;
begin
    perform pg_stat_clear_snapshot();
    execute $query$
        with tree as (
            select $1 as relation
            union all
            select relid from pg_partition_tree($1)
        ), writers as (
            select l.virtualtransaction, l.pid, l.relation in (select relation from tree) as is_front,
                   coalesce(substring(a.application_name from 'gpid=([0-9]+)')::bigint,
                            citus_calculate_gpid(citus_nodeid_for_gpid(citus_backend_gpid()), l.pid)) as front
              from pg_locks l
              left join pg_stat_activity a on a.pid = l.pid
             where l.locktype = 'relation'
               and l.mode = 'RowExclusiveLock'
               and l.database = (select oid from pg_database where datname = current_database())
               and l.pid is distinct from pg_backend_pid()
               and l.relation in (
                   select relation from tree
                   union all
                   select s from rollup.local_shards($1) s)
        )
        select jsonb_build_object(
            'fronts', coalesce(jsonb_agg(distinct front) filter (where is_front and front is not null), '[]'),
            'parts', coalesce(jsonb_object_agg(virtualtransaction, front) filter (where not is_front), '{}'))
          from writers
    $query$ into result using source;
    return result;
end
$_$;

COMMENT ON FUNCTION rollup.distributed_parts(source regclass) IS 'Internal. Writers to a source on this Citus node: global pids of fronts, and of parts, by virtual transaction, the global pid of their front; NULL when prepared.';

CREATE FUNCTION rollup.doctor(OUT check_name text, OUT status text, OUT finding text, OUT todo text) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    return query select * from rollup.check_extensions();
    return query select * from rollup.check_sources();
    return query select * from rollup.check_targets();
    return query select * from rollup.check_partitions();
    return query select * from rollup.check_retention();
    return query select * from rollup.check_measures();
    return query select * from rollup.check_prepared();
    return query select * from rollup.check_schedule();
    return query select * from rollup.check_lag();
end
$$;

COMMENT ON FUNCTION rollup.doctor(OUT check_name text, OUT status text, OUT finding text, OUT todo text) IS 'One row a check: its name, ok, warn or fail, what was found, and the command that mends it.';

CREATE FUNCTION rollup.drain_default(relation regclass) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO, MDY'
    AS $_$
declare
    rollup_name constant text := (select r.name from rollup.rollups r where r.target = relation);
    is_partmans constant boolean := rollup.is_partmans(relation);
    time_column constant name := rollup.partition_column(relation);
    default_partition regclass;
    columns text;
    first_missing timestamptz;
    moved bigint := 0;
begin
    -- Nothing to make is the usual case for a rollup, and nobody need wait for it.
    if not is_partmans and not exists (select from rollup.coming_partitions(relation)) then
        return 0;
    end if;
    if rollup_name is not null then
        perform rollup.take_run_lock(rollup_name);
    end if;
    select p.partition into default_partition from rollup.partitions(relation) p where p.is_default;
    select max(p.range_to) into first_missing from rollup.partitions(relation) p;
    if default_partition is not null then
        execute format('select count(*) from %s where %I >= %L', default_partition, time_column, first_missing)
           into moved;
    end if;
    if moved > 0 then
        perform rollup.lock_briefly(relation);
        select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into columns
          from pg_attribute a
         where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
        execute format('create temp table rollup_aside on commit drop as select %s from %s where %I >= %L',
                       columns, default_partition, time_column, first_missing);
        execute format('delete from %s where %I >= %L', default_partition, time_column, first_missing);
    end if;
    if is_partmans then
        perform rollup.partman_maintenance(relation);
    else
        perform rollup.make_partitions(relation);
    end if;
    if moved > 0 then
        execute format('insert into %s (%s) overriding system value select %2$s from pg_temp.rollup_aside', relation, columns);
        drop table pg_temp.rollup_aside;
    end if;
    return moved;
end
$_$;

COMMENT ON FUNCTION rollup.drain_default(relation regclass) IS 'Internal. Makes a table''s coming partitions, moving rows that wait in the default partition into them; answers how many were moved aside.';

CREATE FUNCTION rollup.drop_batch_table(family_id bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "citus.multi_shard_modify_mode" TO 'sequential'
    AS $$
begin
    if to_regclass(format('rollup.batch_%s', family_id)) is not null then
        execute format('drop table rollup.batch_%s', family_id);
    end if;
end
$$;

COMMENT ON FUNCTION rollup.drop_batch_table(family_id bigint) IS 'Internal. Removes a family''s batch table, if it has one.';

CREATE FUNCTION rollup.drop_function(function_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "citus.enable_ddl_propagation" TO 'off'
    AS $$
begin
    execute format('drop function if exists %s(bigint)', function_name);
end
$$;

COMMENT ON FUNCTION rollup.drop_function(function_name text) IS 'Internal. Removes a rollup''s function.';

CREATE FUNCTION rollup.drop_rollup(rollup_name text, drop_table boolean DEFAULT false) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    r rollup.rollups;
begin
    -- A run that goes on would leave its watermark behind, for the next rollup of this name.
    perform rollup.take_run_lock(rollup_name);
    delete from rollup.rollups where name = rollup_name returning * into r;
    if not found then
        return format('there is no rollup %I', rollup_name);
    end if;
    delete from rollup.watermarks where rollup = rollup_name;
    delete from rollup.backlogs where rollup = rollup_name;
    perform rollup.note_tails(array[rollup_name]);
    delete from rollup.added_measures where rollup = rollup_name;
    delete from rollup.runs where rollup = rollup_name;
    perform rollup.drop_function(r.function_name);
    perform rollup.drop_views(r.target);
    perform rollup.leave_family(r.family);
    if drop_table then
        execute format('drop table if exists %s', r.target);
        return format('rollup %I is gone, and its table', rollup_name);
    end if;
    return format('rollup %I is gone; its table %s stays', rollup_name, r.target);
end
$$;

COMMENT ON FUNCTION rollup.drop_rollup(rollup_name text, drop_table boolean) IS 'Forgets a rollup and its watermark. Its table stays unless drop_table. Raises lock_not_available when a run goes on for longer than rollup.max_wait.';

CREATE FUNCTION rollup.drop_views(target regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    suffix text;
begin
    -- Where the table is gone, so are its views.
    foreach suffix in array '{bi,live}'::text[] loop
        if rollup.view_name(target, suffix) is not null then
            execute format('drop view if exists %s', rollup.view_name(target, suffix));
        end if;
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.drop_views(target regclass) IS 'Internal. Removes the views beside a rollup''s table.';

CREATE FUNCTION rollup.even_from(bucket interval, time_zone text) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
declare
    grain constant numeric := extract(epoch from bucket);
    uneven timestamp;
begin
    if mod(86400, grain) <> 0 then
        return 'infinity';
    end if;
    select max(d) into uneven
      from generate_series(timestamp '1800-01-01', timestamp '2100-01-01', interval '1 day') d
     where mod(extract(epoch from timezone(time_zone, d) - timezone('UTC', d)), grain) <> 0;
    return case when uneven > timestamp '2000-01-01' then 'infinity'
                when uneven is null then '-infinity'
                else timezone('UTC', uneven + interval '2 days') end;
end
$$;

COMMENT ON FUNCTION rollup.even_from(bucket interval, time_zone text) IS 'Internal. Since when every day of a time zone has begun where a bucket of UTC does; infinity when that is not so since 2000, -infinity when it has always been so.';

CREATE FUNCTION rollup.event_range(bucket interval, time_zone text, range_from timestamp with time zone, range_to timestamp with time zone) RETURNS tstzrange
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if range_from >= range_to then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('the range must end after it begins, not from %s to %s', range_from, range_to);
    end if;
    return tstzrange(rollup.bucket_start(bucket, time_zone, range_from),
                     case when rollup.bucket_start(bucket, time_zone, range_to) < range_to
                         then rollup.bucket_end(bucket, time_zone, range_to) else range_to end);
end
$$;

COMMENT ON FUNCTION rollup.event_range(bucket interval, time_zone text, range_from timestamp with time zone, range_to timestamp with time zone) IS 'Internal. The times of all buckets that a range touches; NULL leaves a side open.';

CREATE FUNCTION rollup.expirable(OUT kind text, OUT name text, OUT partition text, OUT range_from timestamp with time zone, OUT range_to timestamp with time zone, OUT rows bigint, OUT bytes bigint, OUT action text) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    return query
        select x.kind, x.name, e.partition, e.range_from, e.range_to, e.rows, e.bytes, e.action
          from (select * from rollup.retention r where r.keep is not null) x
         cross join lateral rollup.expire_part(x.kind, x.name, true) e;
end
$$;

COMMENT ON FUNCTION rollup.expirable(OUT kind text, OUT name text, OUT partition text, OUT range_from timestamp with time zone, OUT range_to timestamp with time zone, OUT rows bigint, OUT bytes bigint, OUT action text) IS 'What rollup.expire_all would remove now, and what keeps it from that; changes nothing.';

CREATE FUNCTION rollup.expire(source regclass, older_than interval, dry_run boolean DEFAULT false, OUT partition text, OUT range_from timestamp with time zone, OUT range_to timestamp with time zone, OUT events bigint, OUT bytes bigint, OUT action text) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    AS $$
declare
    cutoff constant timestamptz := now() - older_than;
    size_function constant text := case when rollup.is_distributed(source)
        then 'citus_total_relation_size' else 'pg_total_relation_size' end;
    time_column name;
    old record;
    condition text;
    late text[];
    all_late text[] := '{}';
    dropped regclass[] := '{}';
begin
    if older_than is null or older_than <= interval '0' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('the age must be longer than zero, not %L', older_than),
            hint = 'For example interval ''30 days''.';
    end if;
    -- Such a snapshot shows nothing under the lock that it did not show before.
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception using
            errcode = 'invalid_transaction_state',
            message = format('events of %s cannot expire at isolation level %s',
                             source, current_setting('transaction_isolation')),
            hint = 'Expire them at read committed.';
    end if;
    time_column := rollup.partition_column(source);
    if time_column is null then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('%s is not partitioned by range of one timestamptz column', source),
            hint = 'Only whole partitions expire, and rows of the default partition.';
    end if;
    if not dry_run and not pg_try_advisory_xact_lock(hashtextextended('rollup.expire', source::oid::bigint)) then
        raise exception using
            errcode = 'lock_not_available',
            message = format('events of %s are being expired by another session', source),
            hint = 'Nothing was changed. There is nothing to do if that one succeeds.';
    end if;

    for old in
        select p.* from rollup.partitions(source) p where p.range_to <= cutoff or p.is_default
    loop
        condition := case when old.is_default then format('%I < %L', time_column, cutoff) else 'true' end;
        execute format('select count(*) from %s where %s', old.partition, condition) into events;
        continue when old.is_default and events = 0;
        execute format('select %s(%L)', size_function, old.partition) into bytes;
        late := rollup.uncounted_in(source, old.partition, condition);
        all_late := all_late || late;
        partition := old.partition;
        range_from := old.range_from;
        range_to := case when old.is_default then cutoff else old.range_to end;
        action := case
            when late <> '{}' then 'kept: ' || array_to_string(late, ', ')
            when old.is_default then case when dry_run then 'would delete rows' else 'rows deleted' end
            else case when dry_run then 'would drop' else 'dropped' end end;
        if late = '{}' and not dry_run then
            if old.is_default then
                -- What arrives here meanwhile is not counted yet and stays.
                execute format('delete from %s where %s%s', old.partition, condition,
                    (select string_agg(format(' and not %s', rollup.uncounted(r.name)), '')
                       from rollup.rollups r where r.source = expire.source));
                get diagnostics events = row_count;
            else
                dropped := dropped || old.partition;
            end if;
        end if;
        return next;
    end loop;
    if dry_run then
        return;
    end if;

    if all_late = '{}' and dropped <> '{}' then
        perform rollup.lock_briefly(source);
        perform rollup.refuse_in_doubt(source);
        for old in select d as partition from unnest(dropped) d loop
            all_late := all_late || rollup.uncounted_in(source, old.partition, 'true');
            execute format('drop table %s', old.partition);
        end loop;
    end if;
    if all_late = '{}' then
        perform rollup.note_source(source, cutoff);
    else
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('nothing older than %s was dropped: %s', older_than, array_to_string(all_late, '; ')),
            hint = 'Run the rollups first: call rollup.run_all()';
    end if;
end
$$;

COMMENT ON FUNCTION rollup.expire(source regclass, older_than interval, dry_run boolean, OUT partition text, OUT range_from timestamp with time zone, OUT range_to timestamp with time zone, OUT events bigint, OUT bytes bigint, OUT action text) IS 'Drops the partitions of a source whose events are all older than an age, and such rows of its default partition, provided every rollup has counted them; otherwise drops nothing and raises object_not_in_prerequisite_state. dry_run lists. Raises lock_not_available after rollup.max_wait.';

CREATE PROCEDURE rollup.expire_all(IN max_rows bigint DEFAULT 1000000)
    LANGUAGE plpgsql
    AS $$
declare
    task rollup.task;
begin
    loop
        task := rollup.expire_next(task, max_rows);
        commit;
        exit when rollup.finished(task);
    end loop;
end
$$;

COMMENT ON PROCEDURE rollup.expire_all(IN max_rows bigint) IS 'Enforces every retention there is (rollup.retention), committing after each partition, or about max_rows rows. What pg_cron calls. Raises at the end for events that a rollup has not counted, which stay, or lock_not_available when something was in use; the rest is done.';

CREATE FUNCTION rollup.expire_next(task rollup.task, max_rows bigint) RETURNS rollup.task
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    what rollup.retention;
    more boolean;
    message text;
begin
    if task is null then
        task.waiting := array(select format('%s %s', x.kind, x.name) from rollup.retention x
                               where x.keep is not null order by x.kind desc, x.name);
        task.failures := '{}';
        task.put_off := true;
    end if;
    select * into what from rollup.retention x where format('%s %s', x.kind, x.name) = task.waiting[1];
    begin
        select bool_or(e.more) into more from rollup.expire_part(what.kind, what.name, false, max_rows) e;
    exception when others then
        get stacked diagnostics message = message_text;
        task.failures := task.failures || format('%s: %s', task.waiting[1], message);
        task.put_off := task.put_off and sqlstate = '55P03';
    end;
    if more is not true then
        task.waiting := task.waiting[2:];
    end if;
    return task;
end
$$;

COMMENT ON FUNCTION rollup.expire_next(task rollup.task, max_rows bigint) IS 'Internal. One part of what rollup.expire_all does (the first, for a NULL task); answers what is left.';

CREATE FUNCTION rollup.expire_part(kind text, name text, dry_run boolean DEFAULT false, max_rows bigint DEFAULT 1000000, OUT partition text, OUT range_from timestamp with time zone, OUT range_to timestamp with time zone, OUT rows bigint, OUT bytes bigint, OUT action text, OUT more boolean) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    what rollup.retention;
begin
    select * into what from rollup.retention x where x.kind = expire_part.kind and x.name = expire_part.name;
    if what.kind = 'source' and what.is_enforced and what.keep is not null then
        return query select e.*, false from rollup.expire(what.relation, what.keep, dry_run) e;
    elsif what.kind = 'rollup' then
        return query select * from rollup.expire_rollup(name, dry_run, max_rows);
    end if;
end
$$;

COMMENT ON FUNCTION rollup.expire_part(kind text, name text, dry_run boolean, max_rows bigint, OUT partition text, OUT range_from timestamp with time zone, OUT range_to timestamp with time zone, OUT rows bigint, OUT bytes bigint, OUT action text, OUT more boolean) IS 'Internal. Enforces one row of rollup.retention: all of a source''s events, or one part of a rollup''s rows.';

CREATE FUNCTION rollup.expire_rollup(rollup_name text, dry_run boolean DEFAULT false, max_rows bigint DEFAULT 1000000, OUT partition text, OUT range_from timestamp with time zone, OUT range_to timestamp with time zone, OUT rows bigint, OUT bytes bigint, OUT action text, OUT more boolean) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    AS $$
#variable_conflict use_variable
declare
    r rollup.rollups;
    part record;
    number int := 0;
begin
    if max_rows is null or max_rows < 1 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('max_rows must be at least 1, not %s', coalesce(max_rows::text, 'null'));
    end if;
    if not dry_run then
        perform rollup.take_run_lock(rollup_name);
    end if;
    -- Under the lock: what was declared, or had expired, before it may be otherwise now.
    select * into r from rollup.rollups x where x.name = rollup_name;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no rollup %I', rollup_name),
            hint = 'See rollup.status.';
    end if;

    for part in select * from rollup.expired_parts(r, max_rows) loop
        number := number + 1;
        if not dry_run and number = 2 then
            more := true;
            exit;
        end if;
        partition := part.relation;
        range_from := part.range_from;
        range_to := part.range_to;
        rows := part.rows;
        bytes := null;
        more := false;
        if part.is_partition then
            execute format('select count(*) from %s', part.relation) into rows;
            execute format('select %s(%L)', case when rollup.is_distributed(r.target)
                then 'citus_total_relation_size' else 'pg_total_relation_size' end, part.relation) into bytes;
        end if;
        action := case when dry_run then 'would ' else '' end || case
            when part.is_partition then case when dry_run then 'drop' else 'dropped' end
            else case when dry_run then 'delete rows' else 'rows deleted' end end;
        if dry_run then
            return next;
        elsif part.is_partition then
            perform rollup.lock_briefly(r.target);
            perform rollup.refuse_in_doubt(r.target);
            execute format('drop table %s', part.relation);
        else
            execute format('delete from %s where %I < %L', part.relation, r.bucket_column, range_to);
            get diagnostics rows = row_count;
        end if;
    end loop;
    -- A partition may end within a bucket; the next whole one is what there is from now on.
    if number > 0 and not dry_run then
        update rollup.rollups x
           set expired_before = greatest(x.expired_before,
                                         upper(rollup.event_range(r.bucket, r.time_zone, null, range_to)))
         where x.name = rollup_name;
        return next;
    end if;
end
$$;

COMMENT ON FUNCTION rollup.expire_rollup(rollup_name text, dry_run boolean, max_rows bigint, OUT partition text, OUT range_from timestamp with time zone, OUT range_to timestamp with time zone, OUT rows bigint, OUT bytes bigint, OUT action text, OUT more boolean) IS 'Removes rows of a rollup that are older than it is kept (rollup.set_retention): one partition, or whole buckets of about max_rows rows; more says whether there is another part. No row when there is nothing to remove. dry_run lists all parts. Raises lock_not_available when a run, or a reader of a partitioned table, outlasts rollup.max_wait.';

CREATE FUNCTION rollup.expired_parts(r rollup.rollups, max_rows bigint, OUT relation regclass, OUT is_partition boolean, OUT range_from timestamp with time zone, OUT range_to timestamp with time zone, OUT rows bigint) RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    AS $_$
#variable_conflict use_variable
declare
    cutoff constant timestamptz := rollup.kept_from(r);
begin
    if cutoff is null then
        return;
    end if;
    relation := r.target;
    if rollup.partition_column(r.target) = r.bucket_column then
        return query
            select p.partition, true, p.range_from, p.range_to, null::bigint
              from rollup.partitions(r.target) p
             where p.range_to <= cutoff
             order by p.range_to;
        select p.partition into relation from rollup.partitions(r.target) p where p.is_default;
    end if;
    return query execute format($text$
        with buckets as materialized (
            select %1$I as bucket, count(*) as rows from %2$s where %1$I < %3$L group by 1
        )
        select %2$L::regclass, false, min(b.bucket),
               coalesce(lead(min(b.bucket)) over (order by b.part), %3$L), sum(b.rows)::bigint
          from (select x.bucket, x.rows, div(sum(x.rows) over (order by x.bucket) - 1, %4$s) as part
                  from buckets x) b
         group by b.part
         order by b.part
    $text$, r.bucket_column, relation, cutoff, max_rows);
end
$_$;

COMMENT ON FUNCTION rollup.expired_parts(r rollup.rollups, max_rows bigint, OUT relation regclass, OUT is_partition boolean, OUT range_from timestamp with time zone, OUT range_to timestamp with time zone, OUT rows bigint) IS 'Internal. What of a rollup is older than it is kept: partitions, and ranges of whole buckets in what is not partitioned, of about max_rows rows each; the oldest first.';

CREATE FUNCTION rollup.expression_type(source regclass, expression text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    type_name text;
begin
    execute format('select format_type(pg_typeof(x.value), -1)
                      from (select (%1$s) as value from (select (null::%2$s).*) %3$I
                             where (%1$s) is null or true) x',
                   expression, source, (select relname from pg_class where oid = source))
       into type_name;
    return type_name;
exception when grouping_error or windowing_error or feature_not_supported then
    raise exception using
        errcode = sqlstate,
        message = format('%s is not an expression over one event', expression),
        detail = sqlerrm,
        hint = 'Aggregates, window functions and functions that return rows cannot be in it.';
end
$_$;

COMMENT ON FUNCTION rollup.expression_type(source regclass, expression text) IS 'Internal. Name of the type of an expression over a table''s columns.';

CREATE FUNCTION rollup.extension_schema(extension name) RETURNS name
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 SELECT n.nspname
    FROM (pg_extension x
      JOIN pg_namespace n ON ((n.oid = x.extnamespace)))
   WHERE (x.extname = extension_schema.extension);
END;

COMMENT ON FUNCTION rollup.extension_schema(extension name) IS 'Internal. The schema an extension lives in, or NULL when it is not created.';

CREATE FUNCTION rollup.family_function_text(family_id bigint, function_name text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    AS $_$
declare
    lead rollup.rollups;
    r rollup.rollups;
    feeder rollup.rollups;
    position int := 0;
    names text[];
    expressions text[];
    keys text[];
    measures text[];
    merges text[];
    combines text[];
    own_keys text[];
    own_bucket text;
    exact_before timestamptz;
    members text;
    ordinals text;
    own_names text;
    is_distributed boolean;
    is_batch boolean;
    batch text := 'batch';
    batches jsonb := '{}';  -- a member to the name of its groups, for coarser ones
    query text;
    groups text := '';
    feeds text := '';
    counting text;
begin
    select * into strict lead from rollup.rollups where family = family_id order by bucket, time_zone nulls first, id limit 1;
    select string_agg(quote_literal(name), ', ' order by bucket, time_zone nulls first, id) into members
      from rollup.rollups where family = family_id;
    select array_agg(quote_ident(column_name)),
           array_agg(expression || coalesce(' as ' || nullif(quote_ident(column_name), expression), '')),
           array_agg(quote_ident(column_name)) filter (where role <> 'measure'),
           array_agg(quote_ident(column_name)) filter (where role = 'measure'),
           array_agg(merge) filter (where role = 'measure'),
           array_agg(format('%s as %I', format(combine, quote_ident(column_name)), column_name)) filter (where role = 'measure')
      into names, expressions, keys, measures, merges, combines
      from rollup.target_columns(lead);
    select nullif(max(rollup.even_from(lead.bucket, x.time_zone)), '-infinity') into exact_before
      from rollup.rollups x
     where x.family = family_id and x.time_zone is not null and lead.time_zone is null;
    select string_agg(n::text, ', ') into ordinals from generate_series(1, cardinality(keys)) n;
    is_distributed := rollup.is_distributed(lead.source);
    if is_distributed then
        batch := format('rollup.batch_%s', family_id);
    end if;

    for r in select * from rollup.rollups where family = family_id order by bucket, time_zone nulls first, id loop
        position := position + 1;
        own_keys := array_replace(keys, quote_ident(lead.bucket_column), quote_ident(r.bucket_column));
        select x.* into feeder
          from rollup.rollups x
         where batches ? x.name
           and x.time_zone is not distinct from r.time_zone
           and rollup.buckets_nest(x.bucket, x.time_zone, r.bucket, r.time_zone)
         order by x.bucket desc, x.id
         limit 1;
        own_bucket := case
            when (r.bucket, r.time_zone) is not distinct from (lead.bucket, lead.time_zone) then quote_ident(lead.bucket_column)
            when feeder.name is not null then
                rollup.bucket_expression(r.bucket, r.time_zone, quote_ident(feeder.bucket_column))
            else rollup.bucket_expression(r.bucket, r.time_zone,
                case when exact_before is not null
                    then format('coalesce("(time)", %I)', lead.bucket_column) else quote_ident(lead.bucket_column) end) end;
        own_names := array_to_string(
            array_replace(names, quote_ident(lead.bucket_column), quote_ident(r.bucket_column)), ', ');
        is_batch := own_bucket = quote_ident(lead.bucket_column) and exact_before is null;
        query := case when is_batch then format($text$select
                %s
              from %s$text$, own_names, batch)
            else format($text$select
                %s
              from %s
             group by %s$text$,
                array_to_string(
                    array_replace(keys, quote_ident(lead.bucket_column),
                                  concat_ws(' as ', own_bucket, nullif(quote_ident(r.bucket_column), own_bucket)))
                        || combines, E',\n                '),
                coalesce(batches ->> feeder.name, batch),
                ordinals) end;
        if is_distributed then
            feeds := feeds || format($text$

        if %1$L = any (span.rollups) then
            insert into %2$s as r (
                %3$s)
            %4$s
            %5$s;
            get diagnostics number = row_count;
            rows_written[%6$s] := number;
        end if;$text$,
                r.name, r.target, own_names, query,
                replace(rollup.upsert_text(own_keys, measures, merges), E'\n', E'\n    '),
                position);
            continue;
        end if;

        batches := batches || jsonb_build_object(r.name, case when is_batch then batch else format('batch_%s', position) end);
        groups := groups || case when is_batch then '' else format($text$
        batch_%s as (
            %s
        ),$text$, position, query) end;
        feeds := feeds || format($text$
        member_%1$s as (
            insert into %2$s as r (
                %3$s)
            select
                %3$s
              from %4$s
             where %5$L = any (span.rollups)
            %6$s
            returning 1
        ),$text$,
            position, r.target, own_names, batches ->> r.name, r.name,
            replace(rollup.upsert_text(own_keys, measures, merges), E'\n', E'\n    '));
    end loop;

    query := format($text$select
                %1$s,%2$s
                count(*) as "(events)"
              from %3$s
             where %4$I > span.after_id
               and %4$I <= span.through_id%5$s
             group by %6$s$text$,
        array_to_string(expressions, E',\n                '),
        case when exact_before is null then '' else format(E'\n                case when %1$I < timestamptz %2$L then %1$I end as "(time)",',
                                                           lead.time_column, exact_before) end,
        lead.source,
        lead.id_column,
        E'\n               and (' || lead.filter || ')',
        ordinals || case when exact_before is null then '' else format(', %s', cardinality(expressions) + 1) end);
    counting := case when is_distributed then format($text$rows_written := array_fill(0::bigint, array[%1$s]);
        insert into %2$s (
            %3$s)
            %4$s;%5$s

        select coalesce(sum("(events)"), 0) into counted from %2$s;
        delete from %2$s;$text$,
            position, batch,
            concat_ws(', ', array_to_string(names, ', '), case when exact_before is not null then '"(time)"' end, '"(events)"'),
            query, feeds)
        else format($text$with batch as materialized (
            %1$s
        ),%2$s
        select (select coalesce(sum("(events)"), 0) from batch),
               array[%3$s]
          into counted, rows_written;$text$,
            query,
            rtrim(groups || feeds, ','),
            (select string_agg(format('(select count(*) from member_%s)', n), ', ') from generate_series(1, position) n)) end;

    return format($text$create or replace function %1$s(
    max_events bigint default null)
    returns table (rollup text, status text, events bigint, rows bigint, more boolean)
    language plpgsql
    volatile%2$s
as %6$s
#variable_conflict use_column
declare
    run rollup.run := rollup.begin_run(array[%4$s], max_events%9$s);
    span rollup.span;
    counted bigint;
    rows_written bigint[];%3$s
begin
    foreach span in array run.spans loop
        %5$s

        for n in 1 .. cardinality(run.rollups) loop
            run.rows[n] := run.rows[n] + rows_written[n];
            if run.rollups[n] = any (span.rollups) then
                run.events[n] := run.events[n] + counted;
            end if;
        end loop;
    end loop;
    return query select * from rollup.finish_run(run);
end
%6$s;$text$,
        function_name,
        rollup.function_settings(lead.measures, lead.work_mem),
        case when is_distributed then E'\n    number bigint;' else '' end,
        members,
        counting,
        -- Names and expressions may hold anything; these two stand in a comment.
        case when concat(counting, members) like '%$function$%' then '$rollup_function$' else '$function$' end,
        translate(lead.source::text, E'\r\n', '  '),
        translate(members, E'\r\n', '  '),
        (select ', array[' || string_agg(x.revision::text, ', ' order by x.bucket, x.time_zone nulls first, x.id) || ']'
           from rollup.rollups x where x.family = family_id having max(x.revision) > 0));
end
$_$;

COMMENT ON FUNCTION rollup.family_function_text(family_id bigint, function_name text) IS 'Internal. The statement that creates a family''s function.';

CREATE FUNCTION rollup.family_members(member text) RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    return query
        select r.name
          from rollup.rollups r
         where r.family = (select x.family from rollup.rollups x where x.name = member)
         order by r.bucket, r.time_zone nulls first, r.id;
end
$$;

COMMENT ON FUNCTION rollup.family_members(member text) IS 'The rollups counted together with one, itself included, finest bucket first.';

CREATE FUNCTION rollup.find_rollup(rollup_name text) RETURNS rollup.rollups
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    r rollup.rollups;
begin
    select * into r from rollup.rollups where name = rollup_name;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no rollup %I', rollup_name),
            hint = 'See rollup.status.';
    end if;
    return r;
end
$$;

COMMENT ON FUNCTION rollup.find_rollup(rollup_name text) IS 'Internal. A rollup''s declaration. Raises undefined_object when there is none.';

CREATE FUNCTION rollup.finish_run(run rollup.run) RETURNS TABLE(rollup text, status text, events bigint, rows bigint, more boolean)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
    if run.status = 'done' then
        insert into rollup.watermarks as w (rollup, node_group, last_id, as_of)
        select name, s.node_group, max(s.through_id), run.as_of
          from unnest(run.spans) s, unnest(s.rollups) name
         group by name, s.node_group
         order by name, s.node_group
        on conflict (rollup, node_group) do update
           set last_id = greatest(w.last_id, excluded.last_id), as_of = excluded.as_of;
        perform rollup.shorten_backlogs(run);
        perform rollup.note_tails(run.rollups);

        insert into rollup.runs (rollup, status, started_at, finished_at, events, rows, spans)
        select name, run.status, run.started_at, clock_timestamp(), run.events[n], run.rows[n],
               (select jsonb_agg(to_jsonb(s) - 'rollups') from unnest(run.spans) s where name = any (s.rollups))
          from unnest(run.rollups) with ordinality x (name, n)
         where name in (select unnest(s.rollups) from unnest(run.spans) s);

        -- Whenever ids pass another ten thousand, so that many small runs come to it as well.
        if exists (select from unnest(run.spans) s where s.after_id / 10000 <> s.through_id / 10000) then
            perform case when rollup.is_distributed(r.source)
                    then (select count(*) from rollup.on_each_node(format('select rollup.summarize_blocks(%L)', r.source)))
                    else rollup.summarize_blocks(r.source) end
               from rollup.rollups r where r.name = run.rollups[1];
        end if;
        perform rollup.analyze_first(run);
        delete from rollup.runs r
         where r.rollup = any (run.rollups)
           and r.started_at < now() - rollup.setting('rollup.keep_runs')::interval;
    end if;
    return query
        select name, run.status, run.events[n], run.rows[n], run.more
          from unnest(run.rollups) with ordinality x (name, n);
end
$$;

COMMENT ON FUNCTION rollup.finish_run(run rollup.run) IS 'Internal. Moves the watermarks over what a run has counted, records the run, and answers its outcome for each rollup.';

CREATE FUNCTION rollup.finished(task rollup.task) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if cardinality(task.waiting) > 0 then
        return false;
    end if;
    if cardinality(task.failures) > 0 then
        raise exception using
            errcode = case when task.put_off then 'lock_not_available' else 'raise_exception' end,
            message = array_to_string(task.failures, ' '),
            hint = 'Everything else is done. See rollup.status, rollup.runs and rollup.retention.';
    end if;
    return true;
end
$$;

COMMENT ON FUNCTION rollup.finished(task rollup.task) IS 'Internal. Whether run_all is done. Raises what failed, once nothing is waiting any more.';

CREATE FUNCTION rollup.float_differs(counted double precision, expected double precision) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    RETURN CASE WHEN ((counted IS NULL) OR (expected IS NULL) OR (counted = ANY (ARRAY['Infinity'::double precision, '-Infinity'::double precision, 'NaN'::double precision]))) THEN (counted IS DISTINCT FROM expected) ELSE (abs((counted - expected)) > ((0.000000001)::double precision * GREATEST(abs(counted), abs(expected)))) END;

COMMENT ON FUNCTION rollup.float_differs(counted double precision, expected double precision) IS 'Internal. Whether two floating point sums differ by more than rounding.';

CREATE FUNCTION rollup.former_nodes(names text[]) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $_$
declare
    r rollup.rollups;
    former int;
    last_id bigint;
    heads jsonb := '{}';
begin
    select * into strict r from rollup.rollups x where x.name = names[1];
    if not rollup.is_distributed(r.source) then
        return heads;
    end if;
    for former in
        select distinct w.node_group
          from rollup.watermarks w
         where w.rollup in (select x.name from rollup.rollups x where x.source = r.source)
        except
        select n.node_group from rollup.nodes() n
    loop
        execute format('select max(%1$I) from %2$s where %1$I >= $1 and %1$I < $2', r.id_column, r.source)
           into last_id using former::bigint << 48, (former::bigint + 1) << 48;
        heads := heads || jsonb_build_object(former, jsonb_build_object(
            'last_id', last_id, 'writers', '{}'::jsonb, 'node', 'a former node'));
    end loop;
    return heads;
end
$_$;

COMMENT ON FUNCTION rollup.former_nodes(names text[]) IS 'Internal. As rollup.read_nodes, for nodes that are no more but have left events of a source.';

CREATE FUNCTION rollup.function_settings(measures json, work_mem text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    return concat(E'\n    set search_path = pg_catalog, pg_temp',
                  E'\n    set plan_cache_mode = force_custom_plan',
                  E'\n    set enable_hashagg = off',
                  E'\n    set enable_seqscan = off',
                  E'\n    set jit = off',
                  format(E'\n    set work_mem = %L', work_mem),
                  E'\n    set topn.number_of_counters = ' || rollup.top_counters(measures),
                  E'\n    set timezone = ''UTC''',
                  E'\n    set datestyle = ''ISO, MDY''',
                  E'\n    set intervalstyle = postgres',
                  E'\n    set extra_float_digits = 1',
                  E'\n    set bytea_output = hex');
end
$$;

COMMENT ON FUNCTION rollup.function_settings(measures json, work_mem text) IS 'Internal. The SET clauses of a rollup''s function.';

CREATE FUNCTION rollup.function_text(rollup_name text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    r rollup.rollups;
    names text[];
    expressions text[];
    keys text[];
    upsert text;
begin
    select * into strict r from rollup.rollups where name = rollup_name;

    select array_agg(quote_ident(column_name)),
           array_agg(expression),
           array_agg(quote_ident(column_name)) filter (where role <> 'measure'),
           rollup.upsert_text(array_agg(quote_ident(column_name)) filter (where role <> 'measure'),
                              array_agg(quote_ident(column_name)) filter (where role = 'measure'),
                              array_agg(merge) filter (where role = 'measure'))
      into names, expressions, keys, upsert
      from rollup.target_columns(r);

    return format($text$create or replace function %1$s(
    max_events bigint default null,
    out status text, out events bigint, out rows bigint, out more boolean)
    language plpgsql
    volatile%2$s
as %12$s
#variable_conflict use_column
declare
    run rollup.run := rollup.begin_run(array[%5$L], max_events%16$s);
    span rollup.span;
    number bigint;
begin
    foreach span in array run.spans loop
        insert into %4$s as r (
            %6$s)
        select
            %7$s
          from %3$s
         where %8$I > span.after_id
           and %8$I <= span.through_id%9$s
         group by %10$s
        %11$s;
        get diagnostics number = row_count;
        run.rows[1] := run.rows[1] + number;

        select count(*) into number
          from %3$s
         where %8$I > span.after_id
           and %8$I <= span.through_id%9$s;
        run.events[1] := run.events[1] + number;
    end loop;

    select f.status, f.events, f.rows, f.more
      into status, events, rows, more
      from rollup.finish_run(run) f;
end
%12$s;$text$,
        r.function_name,
        rollup.function_settings(r.measures, r.work_mem),
        r.source,
        r.target,
        r.name,
        array_to_string(names, ', '),
        array_to_string(expressions, E',\n            '),
        r.id_column,
        E'\n           and (' || r.filter || ')',
        (select string_agg(n::text, ', ') from generate_series(1, cardinality(keys)) n),
        upsert,
        -- Names and expressions may hold anything; these three stand in a comment.
        case when concat(r.source, r.target, r.name, r.filter, names, expressions) like '%$function$%'
            then '$rollup_function$' else '$function$' end,
        translate(r.source::text, E'\r\n', '  '),
        translate(r.target::text, E'\r\n', '  '),
        translate(quote_ident(r.name), E'\r\n', '  '),
        ', array[' || nullif(r.revision, 0) || ']');
end
$_$;

COMMENT ON FUNCTION rollup.function_text(rollup_name text) IS 'Internal. The statement that creates a rollup''s function.';

CREATE FUNCTION rollup.gapfill(rollup_name text, measure text, range_from timestamp with time zone, range_to timestamp with time zone, tenant text DEFAULT NULL::text, step interval DEFAULT NULL::interval, time_zone text DEFAULT NULL::text, dimensions jsonb DEFAULT NULL::jsonb, live boolean DEFAULT false) RETURNS TABLE(bucket timestamp with time zone, value numeric)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $_$
#variable_conflict use_variable
declare
    grid constant timestamptz[] := rollup.grid(rollup_name, range_from, range_to, step, time_zone);
    r rollup.rollups;
    parts text;
    gone tstzmultirange;
    condition text := '';
    wrong text;
    places int[];
    numbers numeric[];
    wanted record;
    complete_from timestamptz;
begin
    select * into strict r from rollup.rollups x where x.name = rollup_name;
    if tenant is not null and r.tenant is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('rollup %I has no tenants', rollup_name);
    end if;
    select d.key into wrong
      from jsonb_object_keys(dimensions) d (key)
     where not exists (select from rollup.target_columns(r) c where c.role = 'dimension' and c.column_name = d.key);
    if wrong is not null then
        raise exception using
            errcode = 'undefined_column',
            message = format('rollup %I has no dimension %I', rollup_name, wrong);
    end if;
    select coalesce(string_agg(format(' and %I is not distinct from %L', d.key, d.value), ''), '') into condition
      from jsonb_each_text(dimensions) d;
    select string_agg(rollup.part_text(rollup_name, p.rollup, p.part_from, p.part_to, tenant, live), ' union all '),
           range_agg(tstzrange(p.part_from, p.part_to)) filter (where p.rollup is null)
      into parts, gone
      from rollup.parts(rollup_name, grid[1], grid[cardinality(grid)], live, grid) p;
    select * into wanted from rollup.measure_number(r, measure);
    complete_from := (select s.valid_since from rollup.measures_since(rollup_name, tenant) s where s.measure = wanted.measure);
    if parts is not null then
        execute format('with q as materialized (select * from (%5$s) p where true%6$s)
                        select array_agg(t."(place)"), array_agg(%1$s)
                          from (select width_bucket(%2$I, %3$L::timestamptz[]) as "(place)", %4$s
                                  from q group by 1) t',
                       wanted.formula, r.bucket_column, grid, wanted.combined, parts, condition)
           into places, numbers;
    end if;
    return query
        select grid[n],
               case when tstzrange(grid[n], grid[n + 1]) && gone or grid[n] < complete_from then null
                    else coalesce(x.number, wanted.nothing) end
          from generate_series(1, cardinality(grid) - 1) n
          left join unnest(places, numbers) x (place, number) on x.place = n
         order by n;
end
$_$;

COMMENT ON FUNCTION rollup.gapfill(rollup_name text, measure text, range_from timestamp with time zone, range_to timestamp with time zone, tenant text, step interval, time_zone text, dimensions jsonb, live boolean) IS 'A measure, or another number that a rollup''s view of plain numbers shows, as a series for a chart: one for every bucket that a range touches, or every step (of whole buckets; in a time zone of whole days or months), dimensions united, or picked with dimensions => ''{"country": "de"}''. 0 for counts and sums of nothing, NULL for other measures, and where rows have expired or the measure is not filled in yet.';

CREATE FUNCTION rollup.grid(rollup_name text, range_from timestamp with time zone, range_to timestamp with time zone, step interval, time_zone text) RETURNS timestamp with time zone[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    r rollup.rollups;
    grid timestamptz[];
    span tstzrange;
    next timestamptz;
    odd timestamptz;
begin
    select * into r from rollup.rollups x where x.name = rollup_name;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no rollup %I', rollup_name),
            hint = 'See rollup.status.';
    end if;
    if range_from is null or range_to is null or not isfinite(range_from) or not isfinite(range_to) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'a series needs a time at which it begins and one at which it ends';
    end if;
    step := coalesce(step, r.bucket);
    time_zone := coalesce(time_zone, r.time_zone);
    perform rollup.known_bucket(step, time_zone);
    if not exists (select from rollup.rollups x where x.time_zone = time_zone) then
        time_zone := rollup.known_zone(time_zone);
    end if;

    span := rollup.event_range(step, time_zone, range_from, range_to);
    if time_zone is null then
        grid := array(select generate_series(lower(span), upper(span),
                                             make_interval(secs => extract(epoch from step)::double precision)));
    else
        next := lower(span);
        while next < upper(span) loop
            grid := grid || next;
            next := rollup.bucket_end(step, time_zone, next);
        end loop;
        grid := grid || next;
    end if;

    select min(b) into odd from unnest(grid) b where rollup.bucket_start(r.bucket, r.time_zone, b) <> b;
    if odd is not null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('the buckets of rollup %I, %s%s, do not add up to steps of %s%s', rollup_name,
                             r.bucket, ' in ' || r.time_zone, step, ' in ' || time_zone),
            detail = format('There is a step at %s, within one of them.', odd);
    end if;
    return grid;
end
$$;

COMMENT ON FUNCTION rollup.grid(rollup_name text, range_from timestamp with time zone, range_to timestamp with time zone, step interval, time_zone text) IS 'Internal. Where the steps of a series over a rollup begin, and where the last one ends: whole steps, made of whole buckets.';

CREATE FUNCTION rollup.hash_expression(measure_name text, argument text, argument_type text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    base_type regtype := argument_type::regtype;
    item_type regtype;
    hll_schema constant name := rollup.extension_schema('hll');
    category "char";
    kind "char";
    hash_function regproc;
begin
    while (select typtype from pg_type where oid = base_type) = 'd' loop
        base_type := (select typbasetype from pg_type where oid = base_type);
    end loop;
    item_type := coalesce(nullif((select typelem from pg_type where oid = base_type and typcategory = 'A'), 0), base_type);
    select typcategory, typtype into category, kind from pg_type where oid = item_type;
    if category in ('C', 'P') then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('measure %I: distinct does not take %s', measure_name, argument_type),
            hint = 'Count its text: {"distinct": "(…)::text"}.';
    elsif category = 'E' then
        return format('%I.hll_hash_text((%s)::text)', hll_schema, argument);
    elsif base_type = 'numeric'::regtype then
        -- 1.0 and 1.00 are one number, but not the same bytes.
        return format('%I.hll_hash_any(trim_scale(%s))', hll_schema, argument);
    elsif base_type = any ('{smallint,integer,bigint,boolean,bytea,text,character varying}'::regtype[]) then
        return format('%I.%I(%s)', hll_schema,
                      case when base_type = 'character varying'::regtype then 'hll_hash_text'
                           else 'hll_hash_' || base_type::text end, argument);
    elsif base_type = any ('{uuid,date,time,timestamp,timestamptz,inet,cidr,bpchar,name,oid,money}'::regtype[]) then
        return format('%I.hll_hash_any(%s)', hll_schema, argument);
    end if;

    select p.amproc into hash_function
      from pg_opclass c
      join pg_am m on m.oid = c.opcmethod and m.amname = 'hash'
      join pg_amproc p on p.amprocfamily = c.opcfamily and p.amprocnum = 2
                      and p.amproclefttype = c.opcintype and p.amprocrighttype = c.opcintype
     where c.opcdefault
       and c.opcintype = case when item_type <> base_type then 'anyarray'::regtype
                              when kind = 'r' then 'anyrange' when kind = 'm' then 'anymultirange'
                              else base_type end;
    if hash_function is null then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('measure %I: values of type %s cannot be told apart', measure_name, argument_type),
            hint = 'Count something that has an = and a hash, such as its text: {"distinct": "(…)::text"}.';
    end if;
    return format('%I.hll_hash_bigint(%s(%s, 0))', hll_schema, hash_function, argument);
end
$$;

COMMENT ON FUNCTION rollup.hash_expression(measure_name text, argument text, argument_type text) IS 'Internal. SQL for the hash under which a distinct count knows a value of some type.';

CREATE FUNCTION rollup.history_of(r rollup.rollups) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
declare
    earliest timestamptz := (select s.covered_from from rollup.sources s where s.source = r.source);
begin
    if earliest is null then
        execute format('select min(%I) from %s', r.time_column, r.source) into earliest;
    end if;
    return greatest(least(earliest, now()), now() - r.keep, now() - 50 * r.partition_interval);
end
$$;

COMMENT ON FUNCTION rollup.history_of(r rollup.rollups) IS 'Internal. The time from which a rollup''s partitions are made when it is declared.';

CREATE FUNCTION rollup.id_sequence(source regclass, id_column name) RETURNS regclass
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    sequence regclass;
    column_type regtype;
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
    if column_type <> 'bigint'::regtype then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('%s.%I is %s, not bigint', source, id_column, column_type),
            hint = format('Smaller ids run out, and Citus workers cannot draw them: '
                          'alter table %s alter column %I type bigint', source, id_column);
    end if;

    -- Called in the column's default, or owned by it (serial, identity). The default goes first: a
    -- column may still own a sequence that nobody asks any more.
    select s.oid::regclass into sequence
      from pg_class s
      join pg_depend d on d.objid = s.oid or d.refobjid = s.oid
      left join pg_attrdef f on f.oid = d.objid and d.classid = 'pg_attrdef'::regclass
      join pg_attribute a on a.attrelid = source and a.attname = id_column
     where s.relkind = 'S'
       and (d.objid = s.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')
                and d.refclassid = 'pg_class'::regclass
                and d.refobjid = source and d.refobjsubid = a.attnum
            or d.refobjid = s.oid and d.refclassid = 'pg_class'::regclass
                and f.adrelid = source and f.adnum = a.attnum)
     order by d.refobjid = s.oid desc
     limit 1;
    if sequence is null then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('the ids of %s.%I do not come from a sequence', source, id_column),
            hint = format('create sequence s owned by %s.%I; alter table %1$s '
                          'alter column %2$I set default nextval(''s'')', source, id_column);
    end if;
    return sequence;
end
$_$;

COMMENT ON FUNCTION rollup.id_sequence(source regclass, id_column name) IS 'Internal. The sequence that fills a source''s bigint id column.';

CREATE FUNCTION rollup.is_distributed(relation regclass) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    found_it boolean := false;
begin
    -- Without citus the catalog does not exist, so that this must not be planned there.
    if rollup.extension_schema('citus') is not null then
        execute 'select exists (select from pg_dist_partition where logicalrelid = $1)'
           into found_it using relation;
    end if;
    return found_it;
end
$_$;

COMMENT ON FUNCTION rollup.is_distributed(relation regclass) IS 'Internal. Whether Citus shards the table.';

CREATE FUNCTION rollup.is_partmans(relation regclass) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    found_it boolean := false;
begin
    if rollup.extension_schema('pg_partman') is not null then
        execute format('select exists (select from %I.part_config where parent_table = $1)',
                       rollup.extension_schema('pg_partman')) into found_it using relation::text;
    end if;
    return found_it;
end
$_$;

COMMENT ON FUNCTION rollup.is_partmans(relation regclass) IS 'Internal. Whether pg_partman looks after the partitions of a table.';

CREATE FUNCTION rollup.join_family(declared rollup.rollups) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    found_family bigint;
begin
    select m.family into found_family
      from (select r.family, array_agg(r) || declared as members
              from rollup.rollups r
             where (r.source, r.tenant, r.id_column, r.time_column, r.dimensions, r.measures::jsonb, r.filter)
                   is not distinct from
                   (declared.source, declared.tenant, declared.id_column, declared.time_column,
                    declared.dimensions, declared.measures::jsonb, declared.filter)
             group by r.family) m
     where (select bool_and(rollup.buckets_nest(finest.bucket, finest.time_zone, b.bucket, b.time_zone))
              from unnest(m.members) b,
                   (select f.bucket, f.time_zone from unnest(m.members) f
                     order by f.bucket, f.time_zone nulls first limit 1) finest)
     order by m.family
     limit 1;
    if found_family is null then
        insert into rollup.families default values returning id into found_family;
    end if;
    return found_family;
end
$$;

COMMENT ON FUNCTION rollup.join_family(declared rollup.rollups) IS 'Internal. The family of a rollup being declared: one whose members differ only in their bucket, or a new one.';

CREATE FUNCTION rollup.kept_from(r rollup.rollups) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
declare
    bucket_start constant timestamptz := rollup.bucket_start(r.bucket, r.time_zone, now() - r.keep);
begin
    if rollup.partition_column(r.target) = r.bucket_column then
        return coalesce((select coalesce(p.range_from, '-infinity')
                           from rollup.partitions(r.target) p
                          where not p.is_default
                            and (p.range_from <= bucket_start or p.range_from is null)
                            and (p.range_to > bucket_start or p.range_to is null)), bucket_start);
    end if;
    return bucket_start;
end
$$;

COMMENT ON FUNCTION rollup.kept_from(r rollup.rollups) IS 'Internal. The rows of buckets that begin before this time are older than the rollup keeps them; NULL where it keeps all.';

CREATE FUNCTION rollup.known_bucket(bucket interval, time_zone text) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "IntervalStyle" TO 'postgres'
    AS $$
declare
    months constant numeric := extract(year from bucket) * 12 + extract(month from bucket);
    days constant numeric := extract(day from bucket);
    seconds constant numeric := extract(epoch from bucket - make_interval(months => months::int, days => days::int));
begin
    if time_zone is null then
        if months <> 0 or days * 86400 + seconds not between 1 and 86400 or seconds <> floor(seconds) then
            raise exception using
                errcode = 'invalid_parameter_value',
                message = format('the bucket must be whole seconds, from 1 second to 1 day, not %L', bucket),
                hint = case when bucket > interval '1 day' then
                    'Longer ones are days, weeks or months of a time zone: add time_zone => ''UTC'', say.'
                    else 'Such as ''5 minutes'' or ''1 hour''.' end;
        end if;
        return;
    end if;
    if seconds <> 0 or (months <> 0 and days <> 0) or months < 0 or days < 0 or months + days = 0 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('in a time zone the bucket must be whole days or whole months, not %L', bucket),
            hint = case when months = 0 and days = 0 and seconds > 0 then
                'Shorter ones are the same in all time zones: leave time_zone out.'
                || case when mod(seconds, 86400) = 0 then format(' Or say ''%s days''.', seconds::int / 86400) else '' end
                else 'Such as ''1 day'', ''1 week'', ''1 month'' or ''1 year''.' end;
    end if;
end
$$;

COMMENT ON FUNCTION rollup.known_bucket(bucket interval, time_zone text) IS 'Internal. Refuses what is no bucket: without a time zone whole seconds up to a day, else whole days or months.';

CREATE FUNCTION rollup.known_tenant(r rollup.rollups, tenant text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    type_name text;
    canonical text;
begin
    if tenant is null then
        return null;
    elsif r.tenant is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('rollup %I has no tenants', r.name);
    end if;
    type_name := rollup.expression_type(r.source, quote_ident(r.tenant));
    begin
        execute format('select %L::%s::text', tenant, type_name) into canonical;
    exception when data_exception then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('there is no tenant %L: %I is of type %s', tenant, r.tenant, type_name);
    end;
    return canonical;
end
$$;

COMMENT ON FUNCTION rollup.known_tenant(r rollup.rollups, tenant text) IS 'Internal. A tenant in the spelling of its type. Raises invalid_parameter_value for what is none.';

CREATE FUNCTION rollup.known_zone(time_zone text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    zone_name text;
begin
    if time_zone is null then
        return null;
    end if;
    -- timezone() takes CET for an hour that never changes, and not for the zone of that name.
    if upper(time_zone) not in ('UTC', 'GMT')
       and exists (select from pg_timezone_abbrevs a where a.abbrev = upper(time_zone)) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('%s is an abbreviation, without daylight saving, and not a time zone', time_zone),
            hint = 'Name a place in it, such as ''Europe/Berlin''.';
    end if;
    select z.name into zone_name
      from pg_timezone_names z
     where lower(z.name) = lower(time_zone);
    if not found then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('there is no time zone %L', time_zone),
            hint = coalesce(
                (select 'There are ' || string_agg(near.name, ', ' order by near.name) || '.'
                   from (select z.name from pg_timezone_names z
                          where strpos(lower(z.name), lower(time_zone)) > 0 and time_zone <> ''
                            and z.name !~ '^posix' limit 5) near),
                'See the view pg_timezone_names.');
    end if;
    return zone_name;
end
$$;

COMMENT ON FUNCTION rollup.known_zone(time_zone text) IS 'Internal. A time zone''s name as it is spelled; refuses what is none.';

CREATE FUNCTION rollup.lag(rollup_name text, OUT lag_events bigint, OUT oldest timestamp with time zone) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    AS $$
declare
    r rollup.rollups;
begin
    select * into strict r from rollup.rollups where name = rollup_name;
    if not exists (select from pg_class where oid = r.source) then
        return;
    end if;
    execute format('select count(*), min(%I) from %s where %s and (%s)',
                   r.time_column, r.source, rollup.uncounted(rollup_name, with_backlog => false), coalesce(r.filter, 'true'))
       into lag_events, oldest;
end
$$;

COMMENT ON FUNCTION rollup.lag(rollup_name text, OUT lag_events bigint, OUT oldest timestamp with time zone) IS 'Internal. Committed events above a rollup''s watermark, and the time of the oldest; NULLs when its source is gone.';

CREATE FUNCTION rollup.last_id(sequence regclass) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    s pg_sequence;
begin
    select * into strict s from pg_sequence where seqrelid = sequence;
    if s.seqcache <> 1 or s.seqincrement < 1 or s.seqmin < 1 or s.seqcycle then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('sequence %s must hand out ids one by one and upwards', sequence),
            detail = format('It has cache %s, increment %s, minimum %s and %s.', s.seqcache, s.seqincrement,
                            s.seqmin, case when s.seqcycle then 'cycles' else 'does not cycle' end),
            hint = format('alter sequence %s cache 1 increment 1 minvalue %s no cycle', sequence, greatest(s.seqmin, 1));
    end if;
    return pg_sequence_last_value(sequence);
end
$$;

COMMENT ON FUNCTION rollup.last_id(sequence regclass) IS 'Internal. The last id this node has handed out, committed or not; NULL before the first.';

CREATE FUNCTION rollup.leave_family(family_id bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if exists (select from rollup.rollups r where r.family = family_id) then
        perform rollup.create_family(family_id);
    else
        delete from rollup.families where id = family_id;
    end if;
end
$$;

COMMENT ON FUNCTION rollup.leave_family(family_id bigint) IS 'Internal. Makes a family''s function anew after a member has left, or removes a family without members.';

CREATE FUNCTION rollup.live_view_text(rollup_name text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    r rollup.rollups;
    tail text;
    names text[];
    aggregates text[];
    keys text[];
    key_expressions text[];
    merged text[];
    same_row text;
begin
    select * into strict r from rollup.rollups where name = rollup_name;
    select array_agg(quote_ident(c.column_name)),
           array_agg(c.expression || coalesce(' as ' || nullif(quote_ident(c.column_name), c.expression), '')),
           array_agg(quote_ident(c.column_name)) filter (where c.role <> 'measure'),
           array_agg(c.expression || coalesce(' as ' || nullif(quote_ident(c.column_name), c.expression), ''))
               filter (where c.role <> 'measure'),
           array_agg(case when c.role = 'measure'
                          then format(c.merge, 'r.' || quote_ident(c.column_name), 't.' || quote_ident(c.column_name), 'r', 't')
                          else format('t.%I', c.column_name) end),
           string_agg(format(case c.role when 'dimension' then 'r.%1$I is not distinct from t.%1$I'
                                         else 'r.%1$I = t.%1$I' end, c.column_name), ' and ')
               filter (where c.role <> 'measure')
      into names, aggregates, keys, key_expressions, merged, same_row
      from rollup.target_columns(r) c;
    tail := format('%1$s join rollup.tails as "(tail)" ("(rollup)", "(after_id)", "(through_id)")'
                   ' on %2$I > "(after_id)" and %2$I <= "(through_id)" where "(rollup)" = %3$L%4$s',
                   r.source, r.id_column, r.name, ' and (' || r.filter || ')');

    return format($text$create or replace view %1$s as
    select %2$s
      from %3$s r
     where not exists (
           select from (
        select %4$s
          from %5$s) t
            where %6$s)
    union all
    select %7$s
      from (
        select %8$s
          from %5$s
         group by %9$s) t
      left join %3$s r on %6$s$text$,
        rollup.view_name(r.target, 'live'),
        (select string_agg('r.' || n, ', ' order by o) from unnest(names) with ordinality x (n, o)),
        r.target,
        array_to_string(key_expressions, ', '),
        tail,
        same_row,
        array_to_string(merged, E',\n           '),
        array_to_string(aggregates, E',\n               '),
        (select string_agg(n::text, ', ') from generate_series(1, cardinality(keys)) n));
end
$_$;

COMMENT ON FUNCTION rollup.live_view_text(rollup_name text) IS 'Internal. The statement that creates a rollup''s live view.';

CREATE FUNCTION rollup.local_shards(source regclass) RETURNS SETOF regclass
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
    return query execute $query$
        select s.shard
          from (select to_regclass(case when cardinality(parse_ident(x.name)) = 1 then 'public.' else '' end || x.name) as shard
                  from (select shard_name(d.logicalrelid, d.shardid) as name
                          from pg_dist_shard d
                         where d.logicalrelid in (select $1 union all select relid from pg_partition_tree($1))) x) s
         where s.shard is not null
    $query$ using source;
end
$_$;

COMMENT ON FUNCTION rollup.local_shards(source regclass) IS 'Internal. Shards of a distributed table and its partitions that this Citus node holds.';

CREATE FUNCTION rollup.lock_briefly(relation regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    lock_timeout_before constant text := current_setting('lock_timeout');
    deadline constant timestamptz := clock_timestamp() + rollup.setting('rollup.max_wait')::interval;
begin
    set local citus.propagate_set_commands = 'local';
    set local lock_timeout = '100ms';
    loop
        begin
            execute format('lock table %s in access exclusive mode', relation);
            exit;
        exception when lock_not_available then
            if clock_timestamp() >= deadline then
                raise exception using
                    errcode = 'lock_not_available',
                    message = format('%s is in use: no lock on it within %s', relation, rollup.setting('rollup.max_wait')),
                    hint = 'Nothing was changed. Try again when the longest transaction on it has ended.';
            end if;
        end;
        perform pg_sleep(0.2);
    end loop;
    execute format('set local lock_timeout = %L', lock_timeout_before);
end
$$;

COMMENT ON FUNCTION rollup.lock_briefly(relation regclass) IS 'Internal. Takes an access exclusive lock without making others queue for more than 100 ms at a time. Raises lock_not_available after rollup.max_wait.';

CREATE FUNCTION rollup.maintain_partitions() RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
    search_path_before constant pg_catalog.text := pg_catalog.current_setting('search_path');
begin
    perform rollup.maintain_tables();
    perform pg_catalog.set_config('search_path', search_path_before, false);
end
$$;

COMMENT ON FUNCTION rollup.maintain_partitions() IS 'Makes the coming partitions of every source and rollup that pg_partman looks after, whichever its version, and of rollups declared with a partition_interval; moves what waits for one of them in the default partition there.';

CREATE FUNCTION rollup.maintain_tables() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    relation regclass;
    message text;
begin
    if rollup.extension_schema('pg_partman') is null
       and not exists (select from rollup.rollups r where r.partition_interval is not null) then
        raise exception using
            errcode = 'undefined_object',
            message = 'pg_partman is not installed in this database',
            hint = 'create extension pg_partman';
    end if;
    for relation in
        select distinct r.source from rollup.rollups r join pg_partitioned_table p on p.partrelid = r.source
    loop
        perform rollup.drain_default(relation);
        perform rollup.note_source(relation);
    end loop;
    -- A long run, or a long query on one rollup, must not cost the others what was made for them; four
    -- partitions are ahead, and the next call tries again.
    for relation in
        select r.target from rollup.rollups r join pg_partitioned_table p on p.partrelid = r.target order by r.id
    loop
        begin
            perform rollup.drain_default(relation);
        exception when lock_not_available then
            get stacked diagnostics message = message_text;
            raise warning using message = format('no partitions were made for %s: %s', relation, message);
        end;
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.maintain_tables() IS 'Internal. What rollup.maintain_partitions does.';

CREATE FUNCTION rollup.make_partitions(relation regclass, from_time timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    AS $$
declare
    width constant interval := (select r.partition_interval from rollup.rollups r where r.target = relation);
    default_partition regclass;
    schema_name name;
    base text;
    coming record;
begin
    -- A name that is too long would be cut, and its end is what tells partitions apart.
    select n.nspname, case when octet_length(c.relname) <= 46 then c.relname else format('rollup_%s', c.oid) end
      into schema_name, base
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid = relation;
    select p.partition into default_partition from rollup.partitions(relation) p where p.is_default;
    if default_partition is null then
        execute format('create table %I.%I partition of %s default', schema_name, format('%s_default', base), relation);
    else
        perform rollup.lock_briefly(default_partition);
    end if;
    for coming in select * from rollup.coming_partitions(relation, from_time) loop
        execute format('create table %I.%I partition of %s for values from (%L) to (%L)', schema_name,
                       format('%s_p%s', base, to_char(coming.range_from, case when width >= interval '1 day'
                           then 'YYYYMMDD' else 'YYYYMMDD_HH24MI' end)),
                       relation, coming.range_from, coming.range_to);
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.make_partitions(relation regclass, from_time timestamp with time zone) IS 'Internal. Makes the default partition and the coming ones of a rollup declared with a partition_interval. Raises lock_not_available when a reader outlasts rollup.max_wait.';

CREATE FUNCTION rollup.measure_number(r rollup.rollups, number_name text, OUT measure text, OUT combined text, OUT formula text, OUT nothing numeric) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    nulls text;
    type_name text;
begin
    select c.measure, format(c.shown ->> number_name, 't')
      into measure, formula
      from rollup.target_columns(r) c
     where c.shown -> number_name is not null;
    if not found then
        raise exception using
            errcode = 'undefined_column',
            message = format('rollup %I has no measure %I', r.name, number_name),
            hint = (select 'There are: ' || string_agg(k, ', ' order by c.position, k)
                      from rollup.target_columns(r) with ordinality
                           c (role, column_name, column_type, expression, merge, combine, differs, display, measure, shown, position)
                     cross join json_object_keys(c.shown) k);
    end if;
    select string_agg(format(c.combine, quote_ident(c.column_name)) || format(' as %I', c.column_name), ', '),
           string_agg(format('null::%s as %I', c.column_type, c.column_name), ', ')
      into combined, nulls
      from rollup.target_columns(r) c
     where c.measure = measure_number.measure;
    execute format('select format_type(pg_typeof(%s), -1) from (select %s) t', formula, nulls) into type_name;
    if type_name <> all ('{smallint,integer,bigint,numeric,real,double precision}') then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('%I of rollup %I is no number but %s', number_name, r.name, type_name);
    end if;
    formula := format('(%s)::numeric', formula);
    -- No events have a count and a sum, but no average and no maximum.
    if exists (select from json_object_keys(r.measures -> measure) k
                where k in ('count', 'sum', 'distinct') or k = 'avg' and number_name <> measure) then
        nothing := 0;
    end if;
end
$$;

COMMENT ON FUNCTION rollup.measure_number(r rollup.rollups, number_name text, OUT measure text, OUT combined text, OUT formula text, OUT nothing numeric) IS 'Internal. How a number of the view of plain numbers is made of many rows: its measure, whose columns combined, the formula over them as t, and what it is where there are no rows.';

CREATE FUNCTION rollup.measure_parts(r rollup.rollups, measure_name text, spec json, OUT column_name text, OUT column_type text, OUT expression text, OUT merge text, OUT combine text, OUT differs text, OUT display text, OUT shown json) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    kinds constant text[] := '{count,sum,min,max,avg,distinct,top,quantiles,first,last}';
    options constant jsonb := '{"distinct": ["log2m"], "top": ["counters", "weight"], "quantiles": ["compression"]}';
    numbers constant text[] := '{smallint,integer,bigint,numeric,real,double precision}';
    -- Uniting sketches and lists is dear; a group of one row has nothing to unite.
    united constant text := 'case count(*) when 1 then (array_agg(%%1$s))[1] else %s end';
    sketches constant text := '(select %I.%s(s) from unnest(array_agg(%%1$s)) s)';
    -- A list is sorted only if it is too long.
    in_place_list constant text := '(select case when count(*) > %1$s then rollup.top_shortened(jsonb_object_agg(k, n), %1$s) '
                                   'else coalesce(jsonb_object_agg(k, n), ''{}'') end from (%2$s) top)';
    either constant text := 'coalesce(%s, %%1$s, %%2$s)';
    kind text;
    argument text;
    argument_type text;
    unknown text;
    condition text := '';
    found_type text;
    log2m int;
    counters int;
    weight text;
    in_place boolean;
    compression int;
    average text;
    nearest text;
    digest_schema name;
    hll_schema constant name := rollup.extension_schema('hll');
    topn_schema constant name := rollup.extension_schema('topn');
    event_time constant text := quote_ident(r.time_column);
    event_id constant text := quote_ident(r.id_column);
    -- Columns as they stand in format strings.
    own constant text := replace(quote_ident(measure_name), '%', '%%');
    own_sum constant text := replace(quote_ident(measure_name || '_sum'), '%', '%%');
    own_count constant text := replace(quote_ident(measure_name || '_count'), '%', '%%');
    own_at constant text := replace(quote_ident(measure_name || '_at'), '%', '%%');
    own_id constant text := replace(quote_ident(measure_name || '_id'), '%', '%%');
begin
    if json_typeof(spec) is distinct from 'object' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I must be an object such as {"count": "*"}, not %s', measure_name, spec);
    end if;
    select k into kind from json_object_keys(spec) k where k = any (kinds) limit 1;
    if kind is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I does not say what it measures: %s', measure_name, spec),
            hint = 'Say one of ' || array_to_string(kinds, ', ') || ', for example {"distinct": "device_id"}.';
    end if;
    select k into unknown from json_object_keys(spec) k
     where k not in (kind, 'where') and not coalesce(options -> kind ? k, false) limit 1;
    if unknown is not null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I: %s does not take %L', measure_name, kind, unknown),
            hint = format('Options: %s.', concat_ws(', ', 'where', (
                select string_agg(o, ', ') from jsonb_array_elements_text(options -> kind) o)));
    end if;
    argument := spec ->> kind;
    if argument is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I: %s of what?', measure_name, kind),
            hint = format('{"%s": "column or expression"}', kind);
    end if;
    if not (kind = 'count' and argument = '*') then
        argument := rollup.quoted_column(r.source, argument);
        argument_type := rollup.expression_type(r.source, argument);
    end if;
    if spec ->> 'where' is not null then
        if rollup.expression_type(r.source, spec ->> 'where') <> 'boolean' then
            raise exception using
                errcode = 'datatype_mismatch',
                message = format('measure %I: "where" must be a condition', measure_name);
        end if;
        condition := format(' filter (where %s)', spec ->> 'where');
    end if;
    if kind in ('sum', 'min', 'max', 'avg') then
        begin
            execute format('select format_type(pg_typeof(%s(%s)), -1) from (select (null::%s).*) %I',
                           kind, argument, r.source, (select relname from pg_class where oid = r.source))
               into found_type;
        exception when undefined_function then
            raise exception using
                errcode = 'datatype_mismatch',
                message = format('measure %I: there is no %s of %s', measure_name, kind, argument_type);
        end;
    end if;

    if kind in ('min', 'max', 'first', 'last') and coalesce(found_type, argument_type) like '%[]' then
        raise exception using
            errcode = 'feature_not_supported',
            message = format('measure %I: %s of %s cannot be held', measure_name, kind, argument_type),
            hint = format('Take it as jsonb: {"%s": "to_jsonb(…)"}, or as text.', kind);
    end if;

    column_name := measure_name;
    differs := '%1$s is distinct from %2$s';
    display := '%1$s::text';
    shown := json_build_object(measure_name, format('%%1$s.%s', own));
    case kind
    when 'count' then
        column_type := 'bigint';
        expression := format('count(%s)', argument) || condition;
        merge := format(either, '%1$s + %2$s');
        combine := 'sum(%1$s)::bigint';
        return next;
    when 'sum', 'min', 'max' then
        column_type := found_type;
        expression := format('%s(%s)', kind, argument) || condition;
        merge := format(either, case kind when 'sum' then '%1$s + %2$s' when 'min' then 'least(%1$s, %2$s)'
                                          else 'greatest(%1$s, %2$s)' end);
        -- The sum of sums may have a wider type.
        combine := kind || '(%1$s)' || case kind when 'sum' then '::' || column_type else '' end;
        if kind = 'sum' and column_type in ('real', 'double precision') then
            differs := 'rollup.float_differs(%1$s, %2$s)';
        end if;
        return next;
    when 'avg' then
        -- A sum and a count, which merge. avg() adds reals up as double precision, and so do we.
        if argument_type = 'real' then
            argument := format('(%s)::double precision', argument);
        end if;
        average := format('%%1$s.%s%s / nullif(%%1$s.%s, 0)', own_sum,
                          case found_type when 'numeric' then '::numeric' else '' end, own_count);
        return query
            select p.column_name, p.column_type, p.expression, p.merge, p.combine, p.differs, p.display,
                   json_build_object(measure_name, average, p.column_name, format('%%1$s.%s', own_sum))
              from rollup.measure_parts(r, measure_name || '_sum',
                       json_build_object('sum', argument, 'where', spec ->> 'where')) p
            union all
            select p.*
              from rollup.measure_parts(r, measure_name || '_count',
                       json_build_object('count', argument, 'where', spec ->> 'where')) p;
    when 'first', 'last' then
        -- The value, its event's time and its event's id: which of two values is first is told by the
        -- other two columns, so that batches may come in any order.
        nearest := case kind when 'first' then 'order by %1$s, %2$s'
                        else 'order by %1$s desc nulls last, %2$s desc nulls last' end;
        condition := format(' filter (where (%s) is not null%s)', argument, ' and (' || (spec ->> 'where') || ')');
        for column_name, column_type, expression, combine in
            values (measure_name, argument_type,
                    format('(array_agg(%s %s)%s)[1]', argument, format(nearest, event_time, event_id), condition),
                    format('(array_agg(%%1$s %s))[1]', format(nearest, own_at, own_id))),
                   (measure_name || '_at', 'timestamp with time zone',
                    format('%s(%s)%s', case kind when 'first' then 'min' else 'max' end, event_time, condition),
                    case kind when 'first' then 'min(%1$s)' else 'max(%1$s)' end),
                   (measure_name || '_id', 'bigint',
                    format('(array_agg(%s %s)%s)[1]', event_id, format(nearest, event_time, event_id), condition),
                    format('(array_agg(%%1$s %s))[1]', format(nearest, own_at, own_id)))
        loop
            merge := format('case when %%3$s.%1$s is null or (%%4$s.%2$s, %%4$s.%1$s) %3$s (%%3$s.%2$s, %%3$s.%1$s) '
                            'then %%2$s else %%1$s end',
                            own_id, own_at, case kind when 'first' then '<' else '>' end);
            -- Not every type has an =, but every value has a text.
            differs := case when column_name = measure_name then '%1$s::text is distinct from %2$s::text'
                            else '%1$s is distinct from %2$s' end;
            shown := case when column_name = measure_name || '_id' then '{}'
                else json_build_object(column_name, format('%%1$s.%s', replace(quote_ident(column_name), '%', '%%'))) end;
            return next;
        end loop;
    when 'distinct' then
        log2m := rollup.whole_option(measure_name, spec, 'log2m', 11, 4, 17);
        expression := format('%1$I.hll_add_agg(%2$s, %3$s, 5, -1, 1)', hll_schema,
                             rollup.hash_expression(measure_name, argument, argument_type), log2m) || condition;
        column_type := format('%I.hll(%s,5,-1,1)', hll_schema, log2m);
        merge := format(either, format('%I.hll_union(%%1$s, %%2$s)', hll_schema));
        combine := format(united, format(sketches, hll_schema, 'hll_union_agg'));
        differs := '%1$s::text is distinct from %2$s::text';
        display := format('''about '' || round(%I.hll_cardinality(%%1$s))::bigint', hll_schema);
        shown := json_build_object(measure_name, format('round(%I.hll_cardinality(%%1$s.%s))::bigint', hll_schema, own));
        return next;
    when 'top' then
        counters := rollup.whole_option(measure_name, spec, 'counters', 1000, 1, 14913080);
        column_type := 'jsonb';
        differs := format('rollup.top_differs(%%1$s, %%2$s, %s)', counters);
        shown := json_build_object(
            measure_name || '_item', format('rollup.top_item(%%1$s.%s)', own),
            measure_name || '_value', format('rollup.top_value(%%1$s.%s)', own),
            measure_name || '_list', format('rollup.top_text(%%1$s.%s)', own));
        if spec ->> 'weight' is not null then
            weight := rollup.quoted_column(r.source, spec ->> 'weight');
            if rollup.expression_type(r.source, weight) <> all (numbers) then
                raise exception using
                    errcode = 'datatype_mismatch',
                    message = format('measure %I: the weight must be a number, not %s',
                                     measure_name, rollup.expression_type(r.source, weight));
            end if;
            expression := format('rollup.top_list(array_agg((%1$s)::text)%2$s, array_agg((%3$s)::numeric)%2$s, %4$s)',
                                 argument, condition, weight, counters);
            differs := format('rollup.top_differs(%%1$s, %%2$s, %s, true)', counters);
        else
            -- Counting in place is faster than the stand-in for the extension's aggregate. Citus pushes it
            -- down only where all in it is immutable, which making a text often is not.
            in_place := topn_schema is null and not rollup.is_distributed(r.source);
            expression := case when in_place then
                format(in_place_list, counters,
                       format('select k, count(*) as n from unnest(array_agg(%s)%s) k where k is not null group by 1',
                              case when argument_type in ('smallint', 'integer', 'bigint') then argument
                                   else format('rollup_compat.topn_item_key((%s)::text)', argument) end, condition))
                else format('%I.topn_add_agg(%s)%s', coalesce(topn_schema, 'rollup_compat'),
                            case argument_type when 'text' then argument else format('(%s)::text', argument) end, condition)
                end;
        end if;
        merge := format(either, format('rollup.top_union(%%1$s, %%2$s, %s)', counters));
        combine := format(united, case
            when weight is not null or topn_schema is null and not in_place then
                format('rollup.top_merge(array_agg(%%1$s), %s)', counters)
            when in_place then
                format(in_place_list, counters, 'select p.key collate "C" as k, sum(p.value::bigint) as n'
                                                ' from unnest(array_agg(%1$s)) l, jsonb_each(l) p group by 1')
            else format(sketches, topn_schema, 'topn_union_agg') end);
        return next;
    when 'quantiles' then
        if argument_type <> all (numbers) then
            raise exception using
                errcode = 'datatype_mismatch',
                message = format('measure %I: quantiles are of numbers, not of %s', measure_name, argument_type),
                hint = 'Of an interval: {"quantiles": "extract(epoch from duration)"}.';
        end if;
        compression := rollup.whole_option(measure_name, spec, 'compression', 100, 10, 10000);
        digest_schema := rollup.tdigest_schema(measure_name);
        -- The extension never comes back from a NaN, and averages of an infinity are none.
        condition := format(' filter (where abs((%s)::double precision) < ''infinity''%s)', argument,
                            ' and (' || (spec ->> 'where') || ')');
        expression := format('%I.tdigest((%s)::double precision, %s)', digest_schema, argument, compression) || condition;
        column_type := format('%I.tdigest', digest_schema);
        merge := format(either, format('%I.tdigest_union(%%1$s, %%2$s)', digest_schema));
        combine := format(united, format(sketches, digest_schema, 'tdigest'));
        differs := 'rollup.quantiles_differ(%1$s::double precision[], %2$s::double precision[])';
        display := format('%1$I.tdigest_count(%%1$s) || '' values, mean '' || %1$I.tdigest_digest_avg(%%1$s)', digest_schema);
        shown := (select json_object_agg(measure_name || '_p' || p, format(
                      '(select %1$I.tdigest_percentile(d.digest, %2$s) from (values (%%1$s.%3$s)) d (digest))',
                      digest_schema, p / 100.0, own))
                    from unnest('{50,90,95,99}'::int[]) p);
        return next;
    end case;
end
$_$;

COMMENT ON FUNCTION rollup.measure_parts(r rollup.rollups, measure_name text, spec json, OUT column_name text, OUT column_type text, OUT expression text, OUT merge text, OUT combine text, OUT differs text, OUT display text, OUT shown json) IS 'Internal. The columns that hold one measure: name, type, the aggregate over events, how an old and a new value merge (a format string of the two, and of the two rows), how the rows of a batch combine, whether a counted and an expected value differ, how verify shows a value, and what readers of the view of plain numbers are shown: its columns, to their expressions (format strings of the row).';

CREATE FUNCTION rollup.measures_since(rollup_name text, tenant text DEFAULT NULL::text, OUT measure text, OUT valid_since timestamp with time zone) RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    return query
    select a.measure, min(a.valid_since)
      from rollup.added_measures a
     where a.rollup = rollup_name
       and (a.tenant is null or a.tenant = measures_since.tenant)
     group by a.measure;
end
$$;

COMMENT ON FUNCTION rollup.measures_since(rollup_name text, tenant text, OUT measure text, OUT valid_since timestamp with time zone) IS 'Internal. From which bucket on each added measure is complete, for all tenants or one.';

CREATE FUNCTION rollup.missing_ranges(source regclass) RETURNS tstzmultirange
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    kept tstzmultirange := '{}';
    gone tstzmultirange := '{}';
    s rollup.sources;
begin
    if not exists (select from pg_partitioned_table p where p.partrelid = missing_ranges.source) then
        return gone;
    end if;
    select coalesce(range_agg(tstzrange(p.range_from, p.range_to)), '{}') into kept
      from rollup.partitions(source) p
     where not p.is_default;
    select * into s from rollup.sources x where x.source = missing_ranges.source;
    if s.covered_from < upper(kept) then
        gone := tstzmultirange(tstzrange(s.covered_from, upper(kept)));
    end if;
    if s.expired_before is not null then
        gone := gone + tstzmultirange(tstzrange(null, s.expired_before));
    end if;
    return gone - kept;
end
$$;

COMMENT ON FUNCTION rollup.missing_ranges(source regclass) IS 'Times for which a source''s raw events were dropped, so that its rollups cannot be compared or rebuilt there.';

CREATE FUNCTION rollup.moment_of(local_time timestamp without time zone, time_zone text) RETURNS timestamp with time zone
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    moment timestamptz := timezone(time_zone, local_time);
    seconds int := 131072;
begin
    -- No such step of the clocks is longer than a day, and all are whole seconds.
    if timezone(time_zone, moment - interval '1 second') >= local_time then
        while seconds > 0 loop
            if timezone(time_zone, moment - make_interval(secs => seconds)) >= local_time then
                moment := moment - make_interval(secs => seconds);
            end if;
            seconds := seconds / 2;
        end loop;
    end if;
    return moment;
end
$$;

COMMENT ON FUNCTION rollup.moment_of(local_time timestamp without time zone, time_zone text) IS 'Internal. When the clocks of a time zone come to show a local time, or a later one, for good.';

CREATE FUNCTION rollup.named(names text[]) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 SELECT format(
         CASE count(*)
             WHEN 1 THEN 'rollup %s was'::text
             ELSE 'rollups %s were'::text
         END, string_agg(quote_ident(n.n), ', '::text)) AS format
    FROM unnest(named.names) n(n);
END;

COMMENT ON FUNCTION rollup.named(names text[]) IS 'Internal. Rollups as the subject of a sentence in the past.';

CREATE FUNCTION rollup.node_state(source regclass, sequence regclass) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    last_id bigint := rollup.last_id(sequence);
    writers jsonb;
begin
    perform pg_stat_clear_snapshot();
    select coalesce(jsonb_object_agg(l.virtualtransaction, jsonb_build_object(
               'pid', l.pid,
               'gid', p.gid,
               'user', coalesce(a.usename, p.owner),
               'application', a.application_name,
               'state', a.state,
               'since', coalesce(a.xact_start, p.prepared))), '{}')
      into writers
      from pg_locks l
      left join pg_stat_activity a on a.pid = l.pid
      left join pg_prepared_xacts p
             on l.pid is null
            and p.transaction in (select t.transactionid from pg_locks t
                                   where t.locktype = 'transactionid' and t.pid is null
                                     and t.virtualtransaction = l.virtualtransaction)
     where l.locktype = 'relation'
       and l.mode = 'RowExclusiveLock'
       and l.granted
       and l.database = (select oid from pg_database where datname = current_database())
       and l.relation in (select source union all select relid from pg_partition_tree(source))
       and l.pid is distinct from pg_backend_pid();

    return jsonb_build_object('last_id', last_id, 'writers', writers);
end
$$;

COMMENT ON FUNCTION rollup.node_state(source regclass, sequence regclass) IS 'Internal. The last id this node has handed out, then its open writers by virtual transaction.';

CREATE FUNCTION rollup.nodes(OUT node_group integer, OUT node text, OUT is_local boolean) RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    is_coordinator boolean;
begin
    node_group := 0;
    node := 'this server';
    is_local := true;
    if rollup.extension_schema('citus') is null then
        return next;
        return;
    end if;
    execute 'select citus_is_coordinator()' into is_coordinator;
    if not is_coordinator then
        raise exception using
            errcode = 'feature_not_supported',
            message = 'rollups run on the Citus coordinator, not on a worker',
            hint = 'Connect to the coordinator. Events may be written on any node.';
    end if;
    node := 'the coordinator';
    return next;
    return query execute
        'select groupid, nodename || '':'' || nodeport, false
           from pg_dist_node
          where isactive and noderole = ''primary'' and groupid <> 0
          order by groupid';
end
$$;

COMMENT ON FUNCTION rollup.nodes(OUT node_group integer, OUT node text, OUT is_local boolean) IS 'The nodes that can be written to: Citus node group, name and port, whether it is this one. Group 0 alone without Citus. Raises feature_not_supported on a Citus worker.';

CREATE FUNCTION rollup.note_source(source regclass, cutoff timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    earliest timestamptz;
begin
    if exists (select from pg_partitioned_table p where p.partrelid = note_source.source) then
        select min(p.range_from) into earliest from rollup.partitions(source) p;
    end if;
    insert into rollup.sources as s (source, covered_from, expired_before)
    values (note_source.source, earliest, cutoff)
    on conflict on constraint sources_pkey do update
       set covered_from = least(s.covered_from, excluded.covered_from),
           expired_before = greatest(s.expired_before, excluded.expired_before)
     where (s.covered_from, s.expired_before) is distinct from
           (least(s.covered_from, excluded.covered_from), greatest(s.expired_before, excluded.expired_before));
end
$$;

COMMENT ON FUNCTION rollup.note_source(source regclass, cutoff timestamp with time zone) IS 'Internal. Remembers how far back a source''s partitions reach, and that events before cutoff were removed.';

CREATE FUNCTION rollup.note_tails(names text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "citus.all_modifications_commutative" TO 'on'
    AS $$
declare
    texts text;
begin
    delete from rollup.tails t where t.rollup = any (names);
    select string_agg(format('(%L, %s, %s)', r.name, t.after_id, t.through_id), ', ')
      into texts
      from rollup.rollups r
     cross join lateral rollup.tail_ranges(r.name) t
     where r.name = any (names);
    if texts is not null then
        execute format('insert into rollup.tails (rollup, after_id, through_id) values %s', texts);
    end if;
end
$$;

COMMENT ON FUNCTION rollup.note_tails(names text[]) IS 'Internal. Writes rollup.tails for some rollups from their watermarks and backlogs, or removes them for rollups that are gone.';

CREATE FUNCTION rollup.note_validity(rollup_name text, span tstzrange, tenant text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    since constant timestamptz := coalesce(lower(span), '-infinity');
    moved boolean;
begin
    insert into rollup.added_measures as a (rollup, measure, tenant, valid_since)
    select rollup_name, s.measure, note_validity.tenant, since
      from rollup.measures_since(rollup_name, note_validity.tenant) s
     where s.valid_since > since
       and s.valid_since <= coalesce(upper(span), 'infinity')
    on conflict (rollup, measure, tenant) do update set valid_since = excluded.valid_since;
    moved := found;
    delete from rollup.added_measures a
     using rollup.added_measures b
     where a.rollup = rollup_name and a.tenant is not null
       and b.rollup = a.rollup and b.measure = a.measure and b.tenant is null
       and b.valid_since <= a.valid_since;
    return moved;
end
$$;

COMMENT ON FUNCTION rollup.note_validity(rollup_name text, span tstzrange, tenant text) IS 'Internal. Notes that a range of buckets, of all tenants or one, holds all measures in full, and answers whether an added measure is complete in more buckets than before.';

CREATE FUNCTION rollup.on_each_node(query text, OUT node_group integer, OUT node text, OUT result text) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    is_local boolean;
    there record;
begin
    for node_group, node, is_local in select * from rollup.nodes() loop
        if is_local then
            execute query into result;
            return next;
        end if;
    end loop;
    if rollup.extension_schema('citus') is null then
        return;
    end if;
    for there in execute
        'select n.groupid, n.nodename || '':'' || n.nodeport as node, w.success, w.result
           from run_command_on_workers($1) w
           join pg_dist_node n using (nodename, nodeport)'
        using query
    loop
        if not there.success then
            raise exception using
                errcode = 'connection_exception',
                message = format('Citus node %s did not answer', there.node),
                detail = there.result,
                hint = 'Nothing was changed. Try again when the node is back.';
        end if;
        node_group := there.groupid;
        node := there.node;
        result := there.result;
        return next;
    end loop;
end
$_$;

COMMENT ON FUNCTION rollup.on_each_node(query text, OUT node_group integer, OUT node text, OUT result text) IS 'Internal. Result of a query that returns one value, from every node that can be written to.';

CREATE FUNCTION rollup.part_text(shaped_as text, rollup_name text, part_from timestamp with time zone, part_to timestamp with time zone, tenant text, live boolean) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO, MDY'
    AS $_$
#variable_conflict use_variable
declare
    shape rollup.rollups;
    r rollup.rollups;
    relation regclass;
begin
    select * into strict shape from rollup.rollups x where x.name = shaped_as;
    select * into r from rollup.rollups x where x.name = rollup_name;
    if not found then
        return null;
    end if;
    relation := case when live then rollup.view_name(r.target, 'live')::regclass else r.target end;
    return format('select %s from %s where %I >= %L and %3$I < %5$L%s',
        (select string_agg(case when mine.attname is null then format('null::%s as %I', t.type, a.attname)
                                else format('%I::%s as %I', mine.attname, t.type, a.attname) end, ', ' order by a.attnum)
           from pg_attribute a
          cross join lateral format_type(a.atttypid, a.atttypmod) t (type)
           left join pg_attribute mine
             on mine.attrelid = relation and mine.attnum > 0 and not mine.attisdropped
            and mine.attname = case when a.attname = shape.bucket_column then r.bucket_column else a.attname end
          where a.attrelid = shape.target and a.attnum > 0 and not a.attisdropped),
        relation, r.bucket_column, part_from, part_to,
        case when tenant is null then '' else format(' and %I = %L', r.tenant, tenant) end);
end
$_$;

COMMENT ON FUNCTION rollup.part_text(shaped_as text, rollup_name text, part_from timestamp with time zone, part_to timestamp with time zone, tenant text, live boolean) IS 'Internal. SQL for a rollup''s rows of a range, in the columns of another member''s table; NULL for no rollup.';

CREATE FUNCTION rollup.partition_column(relation regclass) RETURNS name
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 SELECT a.attname
    FROM (pg_partitioned_table p
      JOIN pg_attribute a ON (((a.attrelid = p.partrelid) AND (a.attnum = p.partattrs[0]))))
   WHERE ((p.partrelid = (partition_column.relation)::oid) AND (p.partnatts = 1) AND (p.partstrat = 'r'::"char") AND (a.atttypid = ('timestamp with time zone'::regtype)::oid));
END;

COMMENT ON FUNCTION rollup.partition_column(relation regclass) IS 'Internal. The timestamptz column by whose ranges a table is partitioned; NULL where that is not so.';

CREATE FUNCTION rollup.partition_range(width interval, at timestamp with time zone) RETURNS tstzrange
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
declare
    months constant int := extract(year from width) * 12 + extract(month from width);
    origin constant timestamptz := case when months > 0 then '2000-01-01 00:00:00+00' else '2000-01-03 00:00:00+00' end;
    months_since constant int := (extract(year from at) - 2000) * 12 + extract(month from at) - 1;
    start timestamptz;
begin
    if months > 0 then
        start := origin + make_interval(months => (floor(months_since::numeric / months) * months)::int);
    else
        start := date_bin(width, at, origin);
    end if;
    return tstzrange(start, start + width);
end
$$;

COMMENT ON FUNCTION rollup.partition_range(width interval, at timestamp with time zone) IS 'Internal. The partition that a time falls into, where partitions are made of one length.';

CREATE FUNCTION rollup.partitions(source regclass, OUT partition regclass, OUT range_from timestamp with time zone, OUT range_to timestamp with time zone, OUT is_default boolean) RETURNS SETOF record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'iso'
    BEGIN ATOMIC
 SELECT t.relid,
     ((regexp_match(b.bound, 'FROM \(''([^'']+)''\)'::text))[1])::timestamp with time zone AS regexp_match,
     ((regexp_match(b.bound, 'TO \(''([^'']+)''\)'::text))[1])::timestamp with time zone AS regexp_match,
     (b.bound = 'DEFAULT'::text)
    FROM ((pg_partition_tree(partitions.source) t(relid, parentrelid, isleaf, level)
      JOIN pg_class c ON ((c.oid = (t.relid)::oid)))
      CROSS JOIN LATERAL pg_get_expr(c.relpartbound, c.oid) b(bound))
   WHERE (t.isleaf AND (t.parentrelid IS NOT NULL))
   ORDER BY ((regexp_match(b.bound, 'FROM \(''([^'']+)''\)'::text))[1])::timestamp with time zone, t.relid;
END;

COMMENT ON FUNCTION rollup.partitions(source regclass, OUT partition regclass, OUT range_from timestamp with time zone, OUT range_to timestamp with time zone, OUT is_default boolean) IS 'The partitions of a source: name, the range of times each takes (from inclusive, to exclusive; NULL where unbounded), and whether it is the default partition.';

CREATE FUNCTION rollup.partman_maintenance(source regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    AS $_$
begin
    execute format('select %I.run_maintenance(p_parent_table => parent_table)
                      from %1$I.part_config where parent_table = $1', rollup.extension_schema('pg_partman'))
      using source::text;
end
$_$;

COMMENT ON FUNCTION rollup.partman_maintenance(source regclass) IS 'Internal. Has pg_partman make a source''s coming partitions.';

CREATE FUNCTION rollup.parts(rollup_name text, range_from timestamp with time zone, range_to timestamp with time zone, live boolean DEFAULT false, grid timestamp with time zone[] DEFAULT NULL::timestamp with time zone[], OUT rollup text, OUT part_from timestamp with time zone, OUT part_to timestamp with time zone) RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    r rollup.rollups;
    member rollup.rollups;
    members rollup.rollups[];
    reference text;
    finest rollup.rollups;
    aligned tstzrange;
    complete_from timestamptz;
    pieces tstzrange[];
    piece tstzrange;
    rest tstzrange[];
begin
    select * into r from rollup.rollups x where x.name = rollup_name;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no rollup %I', rollup_name),
            hint = 'See rollup.status.';
    end if;
    range_from := coalesce(range_from, '-infinity');
    range_to := coalesce(range_to, 'infinity');

    select array_agg(x order by x.bucket desc, x.time_zone nulls last, x.id desc) into members
      from rollup.rollups x
     where x.family = r.family
       and (grid is null or x.name = rollup_name
            or not exists (select from unnest(grid) b where rollup.bucket_start(x.bucket, x.time_zone, b) <> b));
    finest := members[cardinality(members)];
    aligned := rollup.event_range(finest.bucket, finest.time_zone, range_from, range_to);

    -- Whose edges the range has: the rollup itself, or the coarsest one that is finer.
    select m.name into reference
      from unnest(members) with ordinality m
     where rollup.bucket_start(m.bucket, m.time_zone, range_from) = range_from
       and rollup.bucket_start(m.bucket, m.time_zone, range_to) = range_to
     order by m.name <> rollup_name, m.bucket > r.bucket, m.ordinality
     limit 1;
    if not found then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('no rollup of this family has buckets that begin at %s and end at %s', range_from, range_to),
            hint = format('The finest is %I, of %s: ask from %s to %s.', finest.name, finest.bucket,
                          lower(aligned), upper(aligned));
    end if;
    if not live then
        members := array(
            select m
              from unnest(members) with ordinality x
              join rollup.rollups m on m.name = x.name
             where (select array_agg((t.after_id, t.through_id) order by t.after_id)
                      from rollup.tails t where t.rollup = m.name)
                   is not distinct from
                   (select array_agg((t.after_id, t.through_id) order by t.after_id)
                      from rollup.tails t where t.rollup = reference)
             order by x.ordinality);
    end if;

    pieces := array[tstzrange(range_from, range_to)];
    foreach member in array members loop
        complete_from := (select max(m.valid_since)
                            from rollup.measures_since(member.name) m
                            left join rollup.measures_since(reference) f using (measure)
                           where m.valid_since > coalesce(f.valid_since, '-infinity'));
        rest := '{}';
        foreach piece in array pieces loop
            part_from := greatest(lower(piece), rollup.rows_from(member), complete_from);
            if rollup.bucket_start(member.bucket, member.time_zone, part_from) < part_from then
                part_from := rollup.bucket_end(member.bucket, member.time_zone, part_from);
            end if;
            part_to := rollup.bucket_start(member.bucket, member.time_zone, upper(piece));
            if part_from < part_to then
                rollup := member.name;
                return next;
                rest := rest || tstzrange(lower(piece), part_from) || tstzrange(part_to, upper(piece));
            else
                rest := rest || piece;
            end if;
        end loop;
        pieces := array(select p from unnest(rest) p where not isempty(p));
    end loop;
    rollup := null;
    foreach piece in array pieces loop
        part_from := lower(piece);
        part_to := upper(piece);
        return next;
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.parts(rollup_name text, range_from timestamp with time zone, range_to timestamp with time zone, live boolean, grid timestamp with time zone[], OUT rollup text, OUT part_from timestamp with time zone, OUT part_to timestamp with time zone) IS 'Which rollups of a family answer a range exactly, and which part of it each: the coarsest as much as it can, finer ones the edges. NULL instead of a name where rows have expired. With live, members that have not counted the same events take part too; with a grid, no bucket crosses one of its times.';

CREATE FUNCTION rollup.plan_of(rollup_name text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "citus.enable_local_execution" TO 'on'
    AS $$
declare
    line text;
    plan text := '';
begin
    for line in execute format('explain (costs off) %s', rollup.plan_statement(rollup_name)) loop
        plan := concat(plan, line, E'\n');
    end loop;
    return plan;
end
$$;

COMMENT ON FUNCTION rollup.plan_of(rollup_name text) IS 'Internal. How the server would execute the INSERT … SELECT of a rollup''s function.';

CREATE FUNCTION rollup.plan_statement(rollup_name text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    r rollup.rollups;
    names text[];
    expressions text[];
    number_of_keys int;
begin
    select * into strict r from rollup.rollups where name = rollup_name;
    select array_agg(quote_ident(c.column_name)), array_agg(c.expression), count(*) filter (where c.role <> 'measure')
      into names, expressions, number_of_keys
      from rollup.target_columns(r) c;
    return format('insert into %s (%s) select %s from %s where %I > 0%s group by %s', r.target,
                  array_to_string(names, ', '), array_to_string(expressions, ', '), r.source, r.id_column,
                  coalesce(' and (' || r.filter || ')', ''),
                  (select string_agg(n::text, ', ') from generate_series(1, number_of_keys) n));
end
$$;

COMMENT ON FUNCTION rollup.plan_statement(rollup_name text) IS 'Internal. The INSERT … SELECT at the heart of a rollup''s function, to be explained.';

CREATE FUNCTION rollup.quantiles_differ(counted double precision[], expected double precision[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 WITH groups AS (
          SELECT d.side,
             d.digest[i.i] AS mean,
             d.digest[(i.i + 1)] AS number
            FROM (( VALUES (1,quantiles_differ.counted), ('-1'::integer,quantiles_differ.expected)) d(side, digest)
              CROSS JOIN LATERAL generate_series(5, cardinality(d.digest), 2) i(i))
         ), steps AS (
          SELECT g.mean,
             sum(((g.side)::double precision * g.number)) AS step,
             sum(sum(((g.side)::double precision * g.number))) OVER (ORDER BY g.mean) AS apart
            FROM groups g
           GROUP BY g.mean
         ), sizes AS (
          SELECT sum((((g.side)::double precision * g.number) * g.mean)) AS sum_apart,
             sum((g.number * abs(g.mean))) AS all_sums,
             (COALESCE(max(g.number) FILTER (WHERE (g.side = 1)), (0)::double precision) + COALESCE(max(g.number) FILTER (WHERE (g.side = '-1'::integer)), (0)::double precision)) AS largest
            FROM groups g
         )
  SELECT
         CASE
             WHEN ((quantiles_differ.counted IS NULL) OR (quantiles_differ.expected IS NULL)) THEN (quantiles_differ.counted IS DISTINCT FROM quantiles_differ.expected)
             ELSE (((quantiles_differ.counted)[2] <> (quantiles_differ.expected)[2]) OR ((quantiles_differ.counted)[3] <> (quantiles_differ.expected)[3]) OR (abs(s.sum_apart) > ((0.000000001)::double precision * s.all_sums)) OR (COALESCE(( SELECT max(abs(t.apart)) AS max
                FROM steps t), (0)::double precision) > s.largest))
         END AS "case"
    FROM sizes s;
END;

COMMENT ON FUNCTION rollup.quantiles_differ(counted double precision[], expected double precision[]) IS 'Internal. Whether two t-digests are of different values: another number, another sum, or distributions further apart than the largest groups of both.';

CREATE FUNCTION rollup.query(row_type anyelement, range_from timestamp with time zone DEFAULT NULL::timestamp with time zone, range_to timestamp with time zone DEFAULT NULL::timestamp with time zone, tenant text DEFAULT NULL::text, live boolean DEFAULT false) RETURNS SETOF anyelement
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    r rollup.rollups;
    query text;
    missing tstzmultirange;
begin
    select x.* into r
      from rollup.rollups x
      join pg_class c on c.oid = x.target
     where c.reltype = pg_typeof(row_type);
    if not found then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('%s is not the row type of a rollup''s table', pg_typeof(row_type)),
            hint = coalesce((select format('For example null::%s.', x.target) from rollup.rollups x order by x.id limit 1),
                            'There are no rollups.');
    end if;
    if tenant is not null and r.tenant is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('rollup %I has no tenants', r.name);
    end if;

    select string_agg(rollup.part_text(r.name, p.rollup, p.part_from, p.part_to, tenant, live),
                      E'\nunion all\n' order by p.part_from),
           range_agg(tstzrange(p.part_from, p.part_to)) filter (where p.rollup is null)
      into query, missing
      from rollup.parts(r.name, range_from, range_to, live) p;
    if missing is not null then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('no rollup of this family has all rows from %s to %s any more',
                             lower(missing), upper(missing)),
            hint = format('Ask from %s on.', upper(missing))
                   || case when not live then ' Members that have not counted the same events take part with live => true.'
                      else '' end;
    end if;
    return query execute query;
end
$$;

COMMENT ON FUNCTION rollup.query(row_type anyelement, range_from timestamp with time zone, range_to timestamp with time zone, tenant text, live boolean) IS 'Rows that answer a range exactly, from as few as can be: the coarsest buckets of the family that lie inside it and finer ones at its edges, in the columns of null::TABLE, the table of any member. The range must begin and end where buckets of the finest member do. Everybody''s rows, or one tenant''s. With live, events that are not counted yet are in it.';

CREATE FUNCTION rollup.quoted_column(source regclass, expression text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (EXISTS ( SELECT
                FROM pg_attribute a
               WHERE ((a.attrelid = (quoted_column.source)::oid) AND (a.attname = quoted_column.expression) AND (a.attnum > 0) AND (NOT a.attisdropped)))) THEN quote_ident(expression)
             ELSE expression
         END AS expression;
END;

COMMENT ON FUNCTION rollup.quoted_column(source regclass, expression text) IS 'Internal. An expression over a table''s columns as SQL: quoted where it is the name of one.';

CREATE FUNCTION rollup.raise_put_off(names text[], source regclass, states jsonb, writers text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    oldest record;
begin
    select s.value ->> 'node' as node, w.value ->> 'pid' as pid, w.value ->> 'gid' as gid,
           w.value ->> 'user' as username, nullif(w.value ->> 'application', '') as application,
           coalesce(w.value ->> 'state', 'prepared') as state,
           (w.value ->> 'since')::timestamptz as since
      into oldest
      from jsonb_each(states) s, jsonb_each(s.value -> 'writers') w
     where s.key || ':' || w.key = any (writers)
     order by since nulls last
     limit 1;
    raise exception using
        errcode = 'lock_not_available',
        message = format('%s put off: %s on %s, user %s, application %s, is still writing to %s',
                         rollup.named(names),
                         coalesce('pid ' || oldest.pid,
                                  'prepared transaction ' || quote_literal(oldest.gid),
                                  'a prepared transaction'),
                         oldest.node,
                         coalesce(oldest.username, 'unknown'),
                         coalesce(oldest.application, 'unnamed'),
                         source),
        detail = format('Its transaction is %s and %s old%s; the run waited %s.',
                        oldest.state,
                        coalesce(date_trunc('milliseconds', clock_timestamp() - oldest.since)::text, 'of unknown age'),
                        case when cardinality(writers) > 1
                             then format(', and %s more are open', cardinality(writers) - 1) else '' end,
                        rollup.setting('rollup.max_wait')::interval),
        hint = 'Nothing was counted; the next run tries again. To end that transaction: '
               || coalesce('select pg_terminate_backend(' || oldest.pid || ')',
                           'rollback prepared ' || quote_literal(oldest.gid),
                           'see pg_prepared_xacts on that node');
end
$$;

COMMENT ON FUNCTION rollup.raise_put_off(names text[], source regclass, states jsonb, writers text[]) IS 'Internal. Raises lock_not_available naming the oldest of the writers a run waited for.';

CREATE FUNCTION rollup.read_nodes(source regclass, sequence regclass) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if not rollup.is_distributed(source) then
        return jsonb_build_object(0, rollup.node_state(source, sequence) || '{"node": "this server"}');
    end if;
    return (select jsonb_object_agg(n.node_group, n.result::jsonb || jsonb_build_object('node', n.node))
              from rollup.on_each_node(format('select rollup.node_state(%L, %L)', source, sequence)) n);
end
$$;

COMMENT ON FUNCTION rollup.read_nodes(source regclass, sequence regclass) IS 'Internal. rollup.node_state of every node, by node group.';

CREATE FUNCTION rollup.rebuild(rollup_name text, range_from timestamp with time zone DEFAULT NULL::timestamp with time zone, range_to timestamp with time zone DEFAULT NULL::timestamp with time zone, tenant text DEFAULT NULL::text, OUT events bigint, OUT rows_before bigint, OUT rows_after bigint) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_hashagg TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    SET work_mem TO '128MB'
    SET jit TO 'off'
    SET "topn.number_of_counters" TO '1000'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    AS $$
#variable_conflict use_column
declare
    r rollup.rollups;
    span tstzrange;
    missing tstzmultirange;
    names text[];
    expressions text[];
    number_of_keys int;
    raw_condition text;
    row_condition text := 'true';
begin
    r := rollup.find_rollup(rollup_name);
    tenant := rollup.known_tenant(r, tenant);
    perform rollup.refuse_old_snapshot(rollup_name, 'rebuilt');
    span := rollup.event_range(r.bucket, r.time_zone, range_from, range_to);
    -- Under the locks: meanwhile nothing expires, neither rows nor events.
    perform rollup.take_run_lock(rollup_name);
    execute format('lock table %s in access share mode', r.source);
    perform from rollup.sources s where s.source = r.source for share;
    r := rollup.find_rollup(rollup_name);  -- it may have been altered meanwhile
    missing := rollup.missing_ranges(r.source) * tstzmultirange(span);
    if not isempty(missing) then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('rollup %I cannot be rebuilt for times whose raw events were dropped', rollup_name),
            detail = format('Dropped: %s.', missing),
            hint = 'Nothing was changed. Rebuild from a time on: from '
                   || coalesce(upper(missing)::text, 'after them') || '.';
    end if;
    if r.expired_before is not null and (lower(span) is null or lower(span) < r.expired_before) then
        perform rollup.restore_expired(r, span, tenant);
    end if;

    if lower(span) is not null then
        row_condition := row_condition || format(' and %I >= %L', r.bucket_column, lower(span));
    end if;
    if upper(span) is not null then
        row_condition := row_condition || format(' and %I < %L', r.bucket_column, upper(span));
    end if;
    if tenant is not null then
        row_condition := row_condition || format(' and %I = %L', r.tenant, tenant);
    end if;
    -- The bucket's bounds are the time's bounds too: the range is of whole buckets.
    raw_condition := replace(row_condition, format(' and %I ', r.bucket_column), format(' and %I ', r.time_column))
        || ' and not ' || rollup.uncounted(rollup_name) || coalesce(' and (' || r.filter || ')', '');

    select array_agg(quote_ident(c.column_name)), array_agg(c.expression),
           count(*) filter (where c.role <> 'measure')
      into names, expressions, number_of_keys
      from rollup.target_columns(r) c;

    perform set_config('topn.number_of_counters', coalesce(rollup.top_counters(r.measures), 1000)::text, true);
    perform rollup.tell_workers();
    perform length(repeat(' ', 4000000));  -- as in rollup.begin_run
    execute format('delete from %s where %s', r.target, row_condition);
    get diagnostics rows_before = row_count;
    execute format('insert into %s (%s) select %s from %s where %s group by %s',
                   r.target, array_to_string(names, ', '), array_to_string(expressions, ', '),
                   r.source, raw_condition,
                   (select string_agg(n::text, ', ') from generate_series(1, number_of_keys) n));
    get diagnostics rows_after = row_count;
    execute format('select count(*) from %s where %s', r.source, raw_condition) into events;
    if rollup.note_validity(rollup_name, span, tenant) and tenant is null then
        perform rollup.describe_measures(rollup_name);
    end if;
end
$$;

COMMENT ON FUNCTION rollup.rebuild(rollup_name text, range_from timestamp with time zone, range_to timestamp with time zone, tenant text, OUT events bigint, OUT rows_before bigint, OUT rows_after bigint) IS 'Counts the buckets a range touches (all by default) again from raw events, for one tenant or all. Answers events counted, rows deleted, rows written. Raises object_not_in_prerequisite_state where raw events were dropped or the rollup''s rows have expired, lock_not_available when a run goes on for longer than rollup.max_wait.';

CREATE PROCEDURE rollup.rebuild_in_steps(IN rollup_name text, IN range_from timestamp with time zone DEFAULT NULL::timestamp with time zone, IN range_to timestamp with time zone DEFAULT NULL::timestamp with time zone, IN tenant text DEFAULT NULL::text, IN step interval DEFAULT '1 day'::interval)
    LANGUAGE plpgsql
    AS $$
declare
    part record;
begin
    for part in select s.step_from, s.step_to from rollup.steps(rollup_name, range_from, range_to, step) s loop
        perform rollup.rebuild(rollup_name, part.step_from, part.step_to, tenant);
        commit;
    end loop;
end
$$;

COMMENT ON PROCEDURE rollup.rebuild_in_steps(IN rollup_name text, IN range_from timestamp with time zone, IN range_to timestamp with time zone, IN tenant text, IN step interval) IS 'As rollup.rebuild, for a long range: a day at a time by default, with a commit after each.';

CREATE FUNCTION rollup.recent_runs(source regclass, OUT rollup text, OUT events bigint, OUT spans jsonb) RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
    return query
        select u.rollup, u.events, u.spans
          from rollup.runs u
         where u.status = 'done'
           and u.started_at > now() - interval '1 day'
           and u.rollup = (select r.name from rollup.rollups r
                            where r.source = recent_runs.source and r.filter is null
                            order by r.id limit 1);
end
$$;

COMMENT ON FUNCTION rollup.recent_runs(source regclass, OUT rollup text, OUT events bigint, OUT spans jsonb) IS 'Internal. The last day''s runs of one rollup that counts all events of a source.';

CREATE FUNCTION rollup.record_failure(rollup_name text, failure_status text, started_at timestamp with time zone, failure_message text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    latest rollup.runs;
begin
    if failure_status = 'put off' then
        perform rollup.take_sample(rollup_name);
    end if;
    select * into latest from rollup.runs where rollup = rollup_name order by id desc limit 1;
    if latest.status = failure_status and latest.message = failure_message then
        update rollup.runs set finished_at = clock_timestamp() where id = latest.id;
    else
        insert into rollup.runs (rollup, status, started_at, finished_at, message)
        values (rollup_name, failure_status, record_failure.started_at, clock_timestamp(), failure_message);
    end if;
end
$$;

COMMENT ON FUNCTION rollup.record_failure(rollup_name text, failure_status text, started_at timestamp with time zone, failure_message text) IS 'Internal. Records in the ledger that a run was put off or failed; for a put-off also what the next run needs to get further.';

CREATE FUNCTION rollup.refuse_doubled(declared rollup.rollups) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    doubled text;
begin
    with columns as (select c.column_name, c.shown from rollup.target_columns(declared) c)
    select x.name into doubled
      from (select 'table' as place, c.column_name::text as name from columns c
            union all
            select 'view', c.column_name from columns c where c.shown is null
            union all
            select 'view', k from columns c cross join json_object_keys(c.shown) k) x
     group by x.place, x.name
    having count(*) > 1
     limit 1;
    if doubled is not null then
        raise exception using
            errcode = 'duplicate_column',
            message = format('column %I is named twice', doubled),
            hint = 'Tenant, bucket, dimensions and measures each need a name of their own, and so does what a '
                   'measure adds to its name: avg _sum and _count, say.';
    end if;
end
$$;

COMMENT ON FUNCTION rollup.refuse_doubled(declared rollup.rollups) IS 'Internal. Raises duplicate_column when two of a rollup''s columns have one name.';

CREATE FUNCTION rollup.refuse_in_doubt(source regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    node record;
begin
    if not rollup.is_distributed(source) then
        return;
    end if;
    for node in
        select n.node, n.result::bigint as prepared
          from rollup.on_each_node($q$select count(*) from pg_prepared_xacts
                                       where gid like 'citus\_%' and database = current_database()$q$) n
    loop
        if node.prepared > 0 then
            raise exception using
                errcode = 'lock_not_available',
                message = format('%s: %s distributed transactions are in doubt on %s', source, node.prepared, node.node),
                hint = 'Nothing was changed. Try again when they have ended; select recover_prepared_transactions() ends those left behind.';
        end if;
    end loop;
end
$_$;

COMMENT ON FUNCTION rollup.refuse_in_doubt(source regclass) IS 'Internal. Raises lock_not_available while a Citus node has prepared distributed transactions.';

CREATE FUNCTION rollup.refuse_old_snapshot(rollup_name text, done text) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception using
            errcode = 'invalid_transaction_state',
            message = format('rollup %I cannot be %s at isolation level %s',
                             rollup_name, done, current_setting('transaction_isolation')),
            hint = 'Do it at read committed.';
    end if;
end
$$;

COMMENT ON FUNCTION rollup.refuse_old_snapshot(rollup_name text, done text) IS 'Internal. Raises invalid_transaction_state unless each statement sees what was committed before it.';

CREATE FUNCTION rollup.refuse_pulled(rollup_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    r rollup.rollups;
    plan constant text := rollup.plan_of(rollup_name);
begin
    select * into strict r from rollup.rollups where name = rollup_name;
    if rollup.is_distributed(r.source)
       and (plan !~ '^Custom Scan \(Citus Adaptive\)' or plan like '%Distributed Subplan%') then
        raise exception using
            errcode = 'feature_not_supported',
            message = format('Citus would not count %s into %s on the shards but on the coordinator', r.source, r.target),
            detail = plan,
            hint = 'The tenant must be the distribution column of both tables, the tables colocated, and '
                   'expressions without volatile functions and subqueries.';
    end if;
end
$$;

COMMENT ON FUNCTION rollup.refuse_pulled(rollup_name text) IS 'Internal. Raises feature_not_supported when Citus would not count a rollup on the shards.';

CREATE FUNCTION rollup.repair(rollup_name text, range_from timestamp with time zone DEFAULT NULL::timestamp with time zone, range_to timestamp with time zone DEFAULT NULL::timestamp with time zone, tenant text DEFAULT NULL::text) RETURNS TABLE(rollup text, tenant_id text, bucket timestamp with time zone, events bigint, rows_before bigint, rows_after bigint)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    r rollup.rollups;
begin
    rollup := rollup_name;
    select * into r from rollup.rollups x where x.name = rollup_name;
    for tenant_id, bucket in
        select v.tenant_id, v.bucket from rollup.verify(rollup_name, range_from, range_to, tenant) v
         group by v.tenant_id, v.bucket order by v.bucket, v.tenant_id
    loop
        select b.events, b.rows_before, b.rows_after into events, rows_before, rows_after
          from rollup.rebuild(rollup_name, bucket, rollup.bucket_end(r.bucket, r.time_zone, bucket), tenant_id) b;
        return next;
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.repair(rollup_name text, range_from timestamp with time zone, range_to timestamp with time zone, tenant text) IS 'Rebuilds exactly the tenants and buckets for which rollup.verify finds a difference, and answers them.';

CREATE FUNCTION rollup.restore_expired(r rollup.rollups, span tstzrange, tenant text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    kept_from constant timestamptz := rollup.kept_from(r);
begin
    if tenant is null
       and (upper(span) is null or upper(span) >= r.expired_before)
       and (kept_from is null or lower(span) >= kept_from)
    then
        update rollup.rollups x set expired_before = lower(span) where x.name = r.name;
        return;
    end if;
    raise exception using
        errcode = 'object_not_in_prerequisite_state',
        message = format('rows of rollup %I before %s have expired', r.name, r.expired_before),
        hint = format('Nothing was changed. Rebuild from %s on. To have older ones back, lengthen the retention '
                      '(rollup.set_retention) and rebuild a range that ends there or later, for all tenants.', r.expired_before);
end
$$;

COMMENT ON FUNCTION rollup.restore_expired(r rollup.rollups, span tstzrange, tenant text) IS 'Internal. Lets rollup.rebuild count expired rows again where the retention says so; else raises object_not_in_prerequisite_state.';

CREATE FUNCTION rollup.rows_from(r rollup.rollups) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 SELECT COALESCE((r).expired_before, '-infinity'::timestamp with time zone) AS "coalesce";
END;

COMMENT ON FUNCTION rollup.rows_from(r rollup.rollups) IS 'Internal. Since when a rollup has all its rows: older buckets have expired.';

CREATE FUNCTION rollup.run(name text, max_events bigint DEFAULT NULL::bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
#variable_conflict use_variable
declare
    function_name text := (select r.function_name from rollup.rollups r where r.name = run.name);
begin
    if function_name is null then
        perform rollup.begin_run(array[name], max_events);  -- says which rollups there are
    end if;
    execute format('select * from %s($1)', function_name)
       into status, events, rows, more using max_events;
end
$_$;

COMMENT ON FUNCTION rollup.run(name text, max_events bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) IS 'Counts new events into a rollup, all of them or at most max_events ids, in the caller''s transaction. Answers status (done, nothing new, busy: another run is at it), events counted, rows written, whether more is waiting. Raises undefined_object, and lock_not_available when an open writer outlasts rollup.max_wait.';

CREATE PROCEDURE rollup.run_all(IN max_events bigint DEFAULT 1000000)
    LANGUAGE plpgsql
    AS $$
declare
    task rollup.task;
begin
    loop
        task := rollup.run_next(task, max_events);
        commit;
        exit when rollup.finished(task);
    end loop;
end
$$;

COMMENT ON PROCEDURE rollup.run_all(IN max_events bigint) IS 'Counts new events into every rollup, in windows of at most max_events ids, committing after each. What pg_cron calls. Raises at the end when a rollup failed, or lock_not_available when one was put off.';

CREATE FUNCTION rollup.run_alone(task rollup.task, rollup_name text, max_events bigint) RETURNS rollup.task
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    started_at timestamptz := clock_timestamp();
    more boolean;
    message text;
    detail text;
begin
    select r.more into more from rollup.run(rollup_name, max_events) r;
    if more and rollup_name <> all (task.waiting) then
        task.waiting := task.waiting || rollup_name;
    end if;
    return task;
exception
    when lock_not_available then
        get stacked diagnostics message = message_text, detail = pg_exception_detail;
        perform rollup.record_failure(rollup_name, 'put off', started_at, message);
        task.failures := task.failures || concat_ws('. ', message, nullif(detail, ''));
        return task;
    when others then
        get stacked diagnostics message = message_text, detail = pg_exception_detail;
        perform rollup.record_failure(rollup_name, 'failed', started_at, message);
        task.failures := task.failures
            || format('rollup %I failed: %s', rollup_name, concat_ws('. ', message, nullif(detail, '')));
        task.put_off := false;
        return task;
end
$$;

COMMENT ON FUNCTION rollup.run_alone(task rollup.task, rollup_name text, max_events bigint) IS 'Internal. Runs one window of one rollup and answers the task with what is left, and what failed.';

CREATE FUNCTION rollup.run_family(member text, max_events bigint DEFAULT NULL::bigint) RETURNS TABLE(rollup text, status text, events bigint, rows bigint, more boolean)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
#variable_conflict use_variable
declare
    family_function text := (select f.function_name
                               from rollup.rollups r join rollup.families f on f.id = r.family
                              where r.name = member);
begin
    if family_function is not null then
        return query execute format('select * from %s($1)', family_function) using max_events;
        return;
    end if;
    perform rollup.run(member, max_events) where not exists (select from rollup.family_members(member));
    return query
        select m, one.* from rollup.family_members(member) m cross join lateral rollup.run(m, max_events) one;
end
$_$;

COMMENT ON FUNCTION rollup.run_family(member text, max_events bigint) IS 'As rollup.run, for a rollup and all others that differ from it only in their bucket: their new events are read once. Answers one row a rollup.';

CREATE FUNCTION rollup.run_family_2(max_events bigint DEFAULT NULL::bigint) RETURNS TABLE(rollup text, status text, events bigint, rows bigint, more boolean)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_hashagg TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET work_mem TO '128MB'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    AS $$
#variable_conflict use_column
declare
    run rollup.run := rollup.begin_run(array['sales_1hr', 'sales_1day'], max_events);
    span rollup.span;
    counted bigint;
    rows_written bigint[];
begin
    foreach span in array run.spans loop
        with batch as materialized (
            select
                customer_id,
                date_bin('01:00:00', event_time, timestamptz '2000-01-01 00:00:00+00') as hour,
                currency,
                category,
                count(*) filter (where event_type = 'order') as orders,
                count(*) filter (where event_type = 'refund') as refunds,
                sum(amount) as revenue,
                sum(quantity) as quantity,
                sum(amount) filter (where event_type = 'order') as average_order_sum,
                count(amount) filter (where event_type = 'order') as average_order_count,
                public.hll_add_agg(public.hll_hash_text(user_id), 11, 5, -1, 1) filter (where event_type = 'order') as buyers,
                rollup.top_list(array_agg((product_id)::text), array_agg((amount)::numeric), 1000) as top_by_revenue,
                rollup.top_list(array_agg((product_id)::text), array_agg((quantity)::numeric), 1000) as top_by_quantity,
                count(*) as "(events)"
              from public.events
             where event_id > span.after_id
               and event_id <= span.through_id
               and ( event_type in ('order', 'refund') and status is distinct from 'failed' )
             group by 1, 2, 3, 4
        ),
        batch_2 as (
            select
                customer_id,
                date_bin('1 day', hour, timestamptz '2000-01-01 00:00:00+00') as day,
                currency,
                category,
                sum(orders)::bigint as orders,
                sum(refunds)::bigint as refunds,
                sum(revenue)::numeric as revenue,
                sum(quantity)::bigint as quantity,
                sum(average_order_sum)::numeric as average_order_sum,
                sum(average_order_count)::bigint as average_order_count,
                case count(*) when 1 then (array_agg(buyers))[1] else (select public.hll_union_agg(s) from unnest(array_agg(buyers)) s) end as buyers,
                case count(*) when 1 then (array_agg(top_by_revenue))[1] else rollup.top_merge(array_agg(top_by_revenue), 1000) end as top_by_revenue,
                case count(*) when 1 then (array_agg(top_by_quantity))[1] else rollup.top_merge(array_agg(top_by_quantity), 1000) end as top_by_quantity
              from batch
             group by 1, 2, 3, 4
        ),
        member_1 as (
            insert into public.sales_1hr as r (
                customer_id, hour, currency, category, orders, refunds, revenue, quantity, average_order_sum, average_order_count, buyers, top_by_revenue, top_by_quantity)
            select
                customer_id, hour, currency, category, orders, refunds, revenue, quantity, average_order_sum, average_order_count, buyers, top_by_revenue, top_by_quantity
              from batch
             where 'sales_1hr' = any (span.rollups)
            on conflict (customer_id, hour, currency, category) do update set
                orders = coalesce(r.orders + excluded.orders, r.orders, excluded.orders),
                refunds = coalesce(r.refunds + excluded.refunds, r.refunds, excluded.refunds),
                revenue = coalesce(r.revenue + excluded.revenue, r.revenue, excluded.revenue),
                quantity = coalesce(r.quantity + excluded.quantity, r.quantity, excluded.quantity),
                average_order_sum = coalesce(r.average_order_sum + excluded.average_order_sum, r.average_order_sum, excluded.average_order_sum),
                average_order_count = coalesce(r.average_order_count + excluded.average_order_count, r.average_order_count, excluded.average_order_count),
                buyers = coalesce(public.hll_union(r.buyers, excluded.buyers), r.buyers, excluded.buyers),
                top_by_revenue = coalesce(rollup.top_union(r.top_by_revenue, excluded.top_by_revenue, 1000), r.top_by_revenue, excluded.top_by_revenue),
                top_by_quantity = coalesce(rollup.top_union(r.top_by_quantity, excluded.top_by_quantity, 1000), r.top_by_quantity, excluded.top_by_quantity)
            returning 1
        ),
        member_2 as (
            insert into public.sales_1day as r (
                customer_id, day, currency, category, orders, refunds, revenue, quantity, average_order_sum, average_order_count, buyers, top_by_revenue, top_by_quantity)
            select
                customer_id, day, currency, category, orders, refunds, revenue, quantity, average_order_sum, average_order_count, buyers, top_by_revenue, top_by_quantity
              from batch_2
             where 'sales_1day' = any (span.rollups)
            on conflict (customer_id, day, currency, category) do update set
                orders = coalesce(r.orders + excluded.orders, r.orders, excluded.orders),
                refunds = coalesce(r.refunds + excluded.refunds, r.refunds, excluded.refunds),
                revenue = coalesce(r.revenue + excluded.revenue, r.revenue, excluded.revenue),
                quantity = coalesce(r.quantity + excluded.quantity, r.quantity, excluded.quantity),
                average_order_sum = coalesce(r.average_order_sum + excluded.average_order_sum, r.average_order_sum, excluded.average_order_sum),
                average_order_count = coalesce(r.average_order_count + excluded.average_order_count, r.average_order_count, excluded.average_order_count),
                buyers = coalesce(public.hll_union(r.buyers, excluded.buyers), r.buyers, excluded.buyers),
                top_by_revenue = coalesce(rollup.top_union(r.top_by_revenue, excluded.top_by_revenue, 1000), r.top_by_revenue, excluded.top_by_revenue),
                top_by_quantity = coalesce(rollup.top_union(r.top_by_quantity, excluded.top_by_quantity, 1000), r.top_by_quantity, excluded.top_by_quantity)
            returning 1
        )
        select (select coalesce(sum("(events)"), 0) from batch),
               array[(select count(*) from member_1), (select count(*) from member_2)]
          into counted, rows_written;

        for n in 1 .. cardinality(run.rollups) loop
            run.rows[n] := run.rows[n] + rows_written[n];
            if run.rollups[n] = any (span.rollups) then
                run.events[n] := run.events[n] + counted;
            end if;
        end loop;
    end loop;
    return query select * from rollup.finish_run(run);
end
$$;

COMMENT ON FUNCTION rollup.run_family_2(max_events bigint) IS 'Counts new events of public.events into all rollups of family 2; see rollup.run_family.';

CREATE FUNCTION rollup.run_family_3(max_events bigint DEFAULT NULL::bigint) RETURNS TABLE(rollup text, status text, events bigint, rows bigint, more boolean)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_hashagg TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET work_mem TO '128MB'
    SET "topn.number_of_counters" TO '10'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    AS $$
#variable_conflict use_column
declare
    run rollup.run := rollup.begin_run(array['orders_1hr', 'Orders by day'], max_events);
    span rollup.span;
    counted bigint;
    rows_written bigint[];
begin
    foreach span in array run.spans loop
        with batch as materialized (
            select
                customer_id,
                date_bin('01:00:00', ordered_at, timestamptz '2000-01-01 00:00:00+00') as bucket,
                country,
                count(*) as orders,
                sum(price) as revenue,
                sum(price) as price_sum,
                count(price) as price_count,
                (array_agg(price order by ordered_at desc nulls last, id desc nulls last) filter (where (price) is not null))[1] as latest,
                max(ordered_at) filter (where (price) is not null) as latest_at,
                (array_agg(id order by ordered_at desc nulls last, id desc nulls last) filter (where (price) is not null))[1] as latest_id,
                public.hll_add_agg(public.hll_hash_bigint(customer_id), 11, 5, -1, 1) as buyers,
                (select case when count(*) > 10 then rollup.top_shortened(jsonb_object_agg(k, n), 10) else coalesce(jsonb_object_agg(k, n), '{}') end from (select k, count(*) as n from unnest(array_agg(rollup_compat.topn_item_key(("Product")::text))) k where k is not null group by 1) top) as products,
                count(*) as "(events)"
              from shop.orders
             where id > span.after_id
               and id <= span.through_id
             group by 1, 2, 3
        ),
        batch_2 as (
            select
                customer_id,
                date_bin('1 day', bucket, timestamptz '2000-01-01 00:00:00+00') as bucket,
                country,
                sum(orders)::bigint as orders,
                sum(revenue)::numeric as revenue,
                sum(price_sum)::numeric as price_sum,
                sum(price_count)::bigint as price_count,
                (array_agg(latest order by latest_at desc nulls last, latest_id desc nulls last))[1] as latest,
                max(latest_at) as latest_at,
                (array_agg(latest_id order by latest_at desc nulls last, latest_id desc nulls last))[1] as latest_id,
                case count(*) when 1 then (array_agg(buyers))[1] else (select public.hll_union_agg(s) from unnest(array_agg(buyers)) s) end as buyers,
                case count(*) when 1 then (array_agg(products))[1] else (select case when count(*) > 10 then rollup.top_shortened(jsonb_object_agg(k, n), 10) else coalesce(jsonb_object_agg(k, n), '{}') end from (select p.key collate "C" as k, sum(p.value::bigint) as n from unnest(array_agg(products)) l, jsonb_each(l) p group by 1) top) end as products
              from batch
             group by 1, 2, 3
        ),
        member_1 as (
            insert into shop.orders_1hr as r (
                customer_id, bucket, country, orders, revenue, price_sum, price_count, latest, latest_at, latest_id, buyers, products)
            select
                customer_id, bucket, country, orders, revenue, price_sum, price_count, latest, latest_at, latest_id, buyers, products
              from batch
             where 'orders_1hr' = any (span.rollups)
            on conflict (customer_id, bucket, country) do update set
                orders = coalesce(r.orders + excluded.orders, r.orders, excluded.orders),
                revenue = coalesce(r.revenue + excluded.revenue, r.revenue, excluded.revenue),
                price_sum = coalesce(r.price_sum + excluded.price_sum, r.price_sum, excluded.price_sum),
                price_count = coalesce(r.price_count + excluded.price_count, r.price_count, excluded.price_count),
                latest = case when r.latest_id is null or (excluded.latest_at, excluded.latest_id) > (r.latest_at, r.latest_id) then excluded.latest else r.latest end,
                latest_at = case when r.latest_id is null or (excluded.latest_at, excluded.latest_id) > (r.latest_at, r.latest_id) then excluded.latest_at else r.latest_at end,
                latest_id = case when r.latest_id is null or (excluded.latest_at, excluded.latest_id) > (r.latest_at, r.latest_id) then excluded.latest_id else r.latest_id end,
                buyers = coalesce(public.hll_union(r.buyers, excluded.buyers), r.buyers, excluded.buyers),
                products = coalesce(rollup.top_union(r.products, excluded.products, 10), r.products, excluded.products)
            returning 1
        ),
        member_2 as (
            insert into shop."Orders by day" as r (
                customer_id, bucket, country, orders, revenue, price_sum, price_count, latest, latest_at, latest_id, buyers, products)
            select
                customer_id, bucket, country, orders, revenue, price_sum, price_count, latest, latest_at, latest_id, buyers, products
              from batch_2
             where 'Orders by day' = any (span.rollups)
            on conflict (customer_id, bucket, country) do update set
                orders = coalesce(r.orders + excluded.orders, r.orders, excluded.orders),
                revenue = coalesce(r.revenue + excluded.revenue, r.revenue, excluded.revenue),
                price_sum = coalesce(r.price_sum + excluded.price_sum, r.price_sum, excluded.price_sum),
                price_count = coalesce(r.price_count + excluded.price_count, r.price_count, excluded.price_count),
                latest = case when r.latest_id is null or (excluded.latest_at, excluded.latest_id) > (r.latest_at, r.latest_id) then excluded.latest else r.latest end,
                latest_at = case when r.latest_id is null or (excluded.latest_at, excluded.latest_id) > (r.latest_at, r.latest_id) then excluded.latest_at else r.latest_at end,
                latest_id = case when r.latest_id is null or (excluded.latest_at, excluded.latest_id) > (r.latest_at, r.latest_id) then excluded.latest_id else r.latest_id end,
                buyers = coalesce(public.hll_union(r.buyers, excluded.buyers), r.buyers, excluded.buyers),
                products = coalesce(rollup.top_union(r.products, excluded.products, 10), r.products, excluded.products)
            returning 1
        )
        select (select coalesce(sum("(events)"), 0) from batch),
               array[(select count(*) from member_1), (select count(*) from member_2)]
          into counted, rows_written;

        for n in 1 .. cardinality(run.rollups) loop
            run.rows[n] := run.rows[n] + rows_written[n];
            if run.rollups[n] = any (span.rollups) then
                run.events[n] := run.events[n] + counted;
            end if;
        end loop;
    end loop;
    return query select * from rollup.finish_run(run);
end
$$;

COMMENT ON FUNCTION rollup.run_family_3(max_events bigint) IS 'Counts new events of shop.orders into all rollups of family 3; see rollup.run_family.';

CREATE FUNCTION rollup.run_next(task rollup.task, max_events bigint) RETURNS rollup.task
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    first_member text;
    member text;
    more boolean;
    started_at timestamptz := clock_timestamp();
    message text;
    detail text;
begin
    if task is null then
        task.waiting := array(select (array_agg(r.name order by r.bucket, r.time_zone nulls first, r.id))[1]
                                from rollup.rollups r group by r.family order by r.family);
        task.failures := '{}';
        task.put_off := true;
    end if;
    first_member := task.waiting[1];
    task.waiting := task.waiting[2:];
    begin
        select bool_or(f.more) into more from rollup.run_family(first_member, max_events) f;
        if more then
            task.waiting := task.waiting || first_member;
        end if;
    exception
        when lock_not_available then
            get stacked diagnostics message = message_text, detail = pg_exception_detail;
            task.failures := task.failures || concat_ws('. ', message, nullif(detail, ''));
            perform rollup.record_failure(name, 'put off', started_at, message)
               from rollup.family_members(first_member) name;
        when others then
            for member in select rollup.family_members(first_member) loop
                task := rollup.run_alone(task, member, max_events);
            end loop;
    end;
    return task;
end
$$;

COMMENT ON FUNCTION rollup.run_next(task rollup.task, max_events bigint) IS 'Internal. Runs one window of the next waiting family (all, for a NULL task) and answers what is left.';

CREATE FUNCTION rollup.schedule(every text DEFAULT '1 minute'::text, retention interval DEFAULT NULL::interval, OUT job text, OUT schedule text, OUT command text) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "citus.enable_ddl_propagation" TO 'off'
    AS $_$
#variable_conflict use_variable
declare
    -- The view hides what the role may not see, where current_setting would raise.
    cron_database text := (select setting from pg_settings where pg_settings.name = 'cron.database_name');
begin
    if rollup.extension_schema('pg_cron') is null then
        if cron_database = current_database() then
            create extension pg_cron;
        else
            raise exception using
                errcode = 'undefined_object',
                message = 'pg_cron is not installed in this database',
                hint = case
                    when cron_database is not null
                        then format('pg_cron works from database %I here; set cron.database_name = %L to change it, or run: '
                                    'rollupctl rollup --watch', cron_database, current_database())
                    when pg_has_role('pg_read_all_settings', 'usage')
                        then 'Add pg_cron to shared_preload_libraries and set cron.database_name, or run: rollupctl rollup --watch'
                    else 'Have a superuser create it (create extension pg_cron), or run: rollupctl rollup --watch' end;
        end if;
    end if;
    if retention is not null then
        perform rollup.set_retention(s.name, retention)
           from rollup.retention s
          where s.kind = 'source' and s.is_enforced and rollup.partition_column(s.relation) is not null;
    end if;

    for job, schedule, command in
        select * from (values
            ('rollup-run', rollup.cron_schedule(every), 'call rollup.run_all()'),
            ('rollup-partitions', '17 * * * *', 'select rollup.maintain_partitions()'),
            ('rollup-expire', '37 3 * * *', 'call rollup.expire_all()')
        ) jobs (job, schedule, command)
         where jobs.job <> 'rollup-partitions'
            or rollup.extension_schema('pg_partman') is not null
            or exists (select from rollup.rollups r where r.partition_interval is not null)
    loop
        execute 'select cron.schedule($1, $2, $3)' using job, schedule, command;
        return next;
    end loop;
end
$_$;

COMMENT ON FUNCTION rollup.schedule(every text, retention interval, OUT job text, OUT schedule text, OUT command text) IS 'Makes the pg_cron jobs rollup-run, rollup-partitions and rollup-expire, or changes them. every is a time span or cron notation; below a minute it takes pg_cron 1.5. A retention is set for every source that is partitioned, as by rollup.set_retention; none leaves those that are set.';

CREATE FUNCTION rollup.set_retention(name text, keep interval) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    kept constant text := case when keep is null then 'everything' else keep::text end;
    bucket interval;
    found_sources regclass[];
begin
    select r.bucket into bucket from rollup.rollups r where r.name = set_retention.name;
    if found then
        update rollup.rollups r
           set keep = rollup.valid_keep(set_retention.keep, bucket)
         where r.name = set_retention.name;
        return format('rollup %I keeps %s', name, kept);
    end if;

    select array_agg(s.source) into found_sources
      from (select x.source from rollup.rollups x union select x.source from rollup.sources x) s
      join pg_class c on c.oid = s.source
      join pg_namespace n on n.oid = c.relnamespace
     where name in (c.relname::text, quote_ident(c.relname), format('%I.%I', n.nspname, c.relname));
    if found_sources is null then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no rollup %I, and no source of that name', name),
            hint = 'See rollup.retention.';
    end if;
    if cardinality(found_sources) > 1 then
        raise exception using
            errcode = 'ambiguous_alias',
            message = format('%s could be %s', name, array_to_string(found_sources, ' or ')),
            hint = 'Write the schema before the name.';
    end if;
    if rollup.partition_column(found_sources[1]) is null and keep is not null then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('%s is not partitioned by range of one timestamptz column', found_sources[1]),
            hint = 'Only whole partitions expire, and rows of the default partition.';
    end if;
    perform rollup.note_source(found_sources[1]);
    update rollup.sources s
       set keep = rollup.valid_keep(set_retention.keep)
     where s.source = found_sources[1];
    return format('%s keeps %s', found_sources[1], kept);
end
$$;

COMMENT ON FUNCTION rollup.set_retention(name text, keep interval) IS 'Says how long a rollup''s rows, or a source''s events, are kept; NULL for ever. Enforced by rollup.expire_all, which rollup.schedule has pg_cron call. A name is a rollup''s first.';

CREATE FUNCTION rollup.setting(setting_name text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    defaults constant jsonb := '{
        "rollup.max_wait":           "10s",
        "rollup.keep_runs":          "7 days",
        "rollup.partition_interval": "1 day",
        "rollup.connections_per_node": "1"}';
begin
    if not defaults ? setting_name then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no setting %s', setting_name);
    end if;
    return coalesce(nullif(current_setting(setting_name, true), ''), defaults ->> setting_name);
end
$$;

COMMENT ON FUNCTION rollup.setting(setting_name text) IS 'Value of a setting of the package: rollup.max_wait (interval a run waits for open writers), rollup.keep_runs (interval the run ledger is kept), rollup.partition_interval, rollup.connections_per_node (to each Citus node while a run counts; above 1, a live view read in the moment of a commit can be off).';

CREATE FUNCTION rollup.settled_heads(source regclass, states jsonb, OUT heads jsonb, OUT taken_at timestamp with time zone) RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
    return query
    select s.heads, s.taken_at
      from rollup.samples s
     where s.source = settled_heads.source
       and rollup.still_open(s.writers, states) = '{}'
     order by s.taken_at desc
     limit 1;
end
$$;

COMMENT ON FUNCTION rollup.settled_heads(source regclass, states jsonb, OUT heads jsonb, OUT taken_at timestamp with time zone) IS 'Internal. The ids of the latest sample whose writers have all ended since, if there is one.';

CREATE FUNCTION rollup.shorten_backlogs(run rollup.run) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    delete from rollup.backlogs b
     using unnest(run.spans) s
     where b.rollup = any (s.rollups) and b.node_group = s.node_group
       and b.after_id = s.after_id and b.through_id = s.through_id;
    update rollup.backlogs b
       set through_id = s.after_id
      from unnest(run.spans) s
     where b.rollup = any (s.rollups) and b.node_group = s.node_group
       and b.after_id < s.after_id and b.through_id = s.through_id;
end
$$;

COMMENT ON FUNCTION rollup.shorten_backlogs(run rollup.run) IS 'Internal. Takes what a run has counted off the backlogs of its rollups.';

CREATE FUNCTION rollup.spans(names text[], heads jsonb, max_events bigint, OUT spans rollup.span[], OUT more boolean) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
#variable_conflict use_column
begin
    with heads as (
        select s.key::int as node_group,
               coalesce((s.value ->> 'last_id')::bigint, s.key::bigint << 48) as last_id
          from jsonb_each($2) s
    ), marks as (
        select h.node_group, h.last_id, n.name,
               coalesce(w.last_id, h.node_group::bigint << 48) as mark
          from heads h
         cross join unnest(names) n (name)
          left join rollup.watermarks w on w.rollup = n.name and w.node_group = h.node_group
    ), steps as (
        select m.node_group, m.last_id, m.mark as after_id,
               least(m.last_id,
                     lead(m.mark) over ladder,
                     min(m.mark) over (partition by m.node_group) + max_events) as through_id,
               lead(m.mark) over ladder is null as is_last
          from (select distinct node_group, last_id, mark from marks) m
        window ladder as (partition by m.node_group order by m.mark)
    ), tails as (
        select (select array_agg(m.name) from marks m
                 where m.node_group = s.node_group and m.mark <= s.after_id) as rollups,
               s.node_group, s.after_id, s.through_id
          from steps s
         where s.through_id > s.after_id
    ), unfinished as (
        select s.node_group from steps s where s.is_last and s.last_id > s.through_id
    ), backlogs as (
        select b.rollup, b.node_group, b.after_id, b.through_id,
               max(b.through_id) over (partition by b.node_group) as top
          from rollup.backlogs b
          join heads h on h.node_group = b.node_group and h.last_id >= b.through_id
         where b.rollup = any (names)
           and b.node_group not in (select u.node_group from unfinished u)
    ), all_spans as (
        select * from tails
        union all
        select array_agg(b.rollup) filter (where b.through_id = b.top),
               b.node_group,
               greatest(max(b.after_id) filter (where b.through_id = b.top),
                        max(b.through_id) filter (where b.through_id < b.top),
                        b.top - coalesce(max_events, 1000000)),
               b.top
          from backlogs b
         group by b.node_group, b.top
    )
    select coalesce(array_agg(row(a.rollups, a.node_group, a.after_id, a.through_id)::rollup.span
                              order by a.node_group, a.after_id), '{}'),
           exists (select from unfinished)
      into spans, more
      from all_spans a;
end
$_$;

COMMENT ON FUNCTION rollup.spans(names text[], heads jsonb, max_events bigint, OUT spans rollup.span[], OUT more boolean) IS 'Internal. The ids up to some heads that rollups have not counted, at most max_events a node, and whether there are more above the watermarks; then as many from the top of their backlogs.';

CREATE FUNCTION rollup.steps(rollup_name text, range_from timestamp with time zone, range_to timestamp with time zone, step interval, OUT step_from timestamp with time zone, OUT step_to timestamp with time zone) RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO, MDY'
    AS $_$
declare
    r rollup.rollups;
    span tstzrange;
begin
    select * into r from rollup.rollups where name = rollup_name;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no rollup %I', rollup_name),
            hint = 'See rollup.status.';
    end if;
    -- A step of a day, the usual one, is shorter than a week: there a step is a bucket.
    if r.time_zone is not null and step < r.bucket then
        step := r.bucket;
    end if;
    if step is null or step <= interval '0' or not rollup.buckets_nest(r.bucket, r.time_zone, step, r.time_zone) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('a step must be a multiple of the bucket, %s, not %s', r.bucket, step);
    end if;
    span := rollup.event_range(r.bucket, r.time_zone, range_from, range_to);
    return query execute format($text$
        select greatest(d.start, lower($1)), least(rollup.bucket_end($2, $3, d.start), upper($1))
          from (select rollup.bucket_start($2, $3, t.at) as start
                  from (select %1$I as at from %2$s union all select %3$I from %4$s) t
                 where $1 @> t.at
                 group by 1) d
         order by 1
    $text$, r.time_column, r.source, r.bucket_column, r.target) using span, step, r.time_zone;
end
$_$;

COMMENT ON FUNCTION rollup.steps(rollup_name text, range_from timestamp with time zone, range_to timestamp with time zone, step interval, OUT step_from timestamp with time zone, OUT step_to timestamp with time zone) IS 'Internal. A range of a rollup cut into steps of whole buckets, those with events or rows in them.';

CREATE FUNCTION rollup.still_open(writers text[], states jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 SELECT COALESCE(array_agg(((s.key || ':'::text) || w.w) ORDER BY s.key, w.w), '{}'::text[]) AS "coalesce"
    FROM jsonb_each(still_open.states) s(key, value),
     LATERAL jsonb_object_keys((s.value -> 'writers'::text)) w(w)
   WHERE ((((s.key || ':'::text) || w.w) = ANY (still_open.writers)) OR (w.w ~~ '-1/%'::text));
END;

COMMENT ON FUNCTION rollup.still_open(writers text[], states jsonb) IS 'Internal. Those of some writers (node group:virtual transaction) that nodes still show as open.';

CREATE FUNCTION rollup.summarize_blocks(source regclass) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '100ms'
    AS $$
declare
    tables regclass[];
    brin_index regclass;
    ranges bigint := 0;
begin
    if rollup.is_distributed(source) then
        tables := array(select s from rollup.local_shards(source) s);
    else
        tables := array(select source union all select relid from pg_partition_tree(source));
    end if;
    for brin_index in
        select i.indexrelid
          from pg_index i
          join pg_class x on x.oid = i.indexrelid and x.relkind = 'i'
          join pg_class t on t.oid = i.indrelid
          join pg_am m on m.oid = x.relam and m.amname = 'brin'
         where i.indrelid = any (tables) and i.indisvalid and pg_has_role(t.relowner, 'usage')
    loop
        begin
            ranges := ranges + brin_summarize_new_values(brin_index);
        exception when lock_not_available then
            null;
        end;
    end loop;
    return ranges;
end
$$;

COMMENT ON FUNCTION rollup.summarize_blocks(source regclass) IS 'Internal. Summarizes new blocks of this node''s part of a source in its BRIN indexes; answers how many block ranges.';

CREATE FUNCTION rollup.tail_ranges(rollup_name text, OUT after_id bigint, OUT through_id bigint, OUT is_backlog boolean) RETURNS SETOF record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    return query
    select m.last_id,
           coalesce(lead(m.node_group) over (order by m.node_group)::bigint << 48, 9223372036854775807),
           false
      from (select w.node_group, w.last_id from rollup.watermarks w where w.rollup = rollup_name
            union all
            select 0, 0 where not exists (select from rollup.watermarks w
                                           where w.rollup = rollup_name and w.node_group = 0)) m
    union all
    select b.after_id, b.through_id, true
      from rollup.backlogs b
     where b.rollup = rollup_name
     order by 1;
end
$$;

COMMENT ON FUNCTION rollup.tail_ranges(rollup_name text, OUT after_id bigint, OUT through_id bigint, OUT is_backlog boolean) IS 'Internal. Ranges of ids a rollup has not counted, above after_id up to and including through_id, and whether a range lies below the watermark.';

CREATE FUNCTION rollup.take_run_lock(rollup_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '0'
    AS $$
declare
    key constant bigint := hashtextextended('rollup.run', (select r.id from rollup.rollups r where r.name = rollup_name));
    max_wait constant text := rollup.setting('rollup.max_wait');
begin
    perform set_config('lock_timeout', greatest(ceil(extract(epoch from max_wait::interval) * 1000), 1)::text, true);
    perform pg_advisory_xact_lock(key);
exception when lock_not_available then
    raise exception using
        errcode = 'lock_not_available',
        message = format('rollup %I is being run and was not free within %s', rollup_name, max_wait),
        hint = 'Nothing was changed. Try again when the run is over.';
end
$$;

COMMENT ON FUNCTION rollup.take_run_lock(rollup_name text) IS 'Internal. Waits for a rollup''s run to end, rollup.max_wait at most, and keeps runs away until the transaction ends: they answer busy meanwhile.';

CREATE FUNCTION rollup.take_sample(rollup_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    r rollup.rollups;
    states jsonb;
begin
    select * into strict r from rollup.rollups where name = rollup_name;
    states := rollup.read_nodes(r.source, r.id_sequence);
    insert into rollup.samples (source, taken_at, heads, writers)
    select r.source, clock_timestamp(),
           (select jsonb_object_agg(s.key, jsonb_build_object('last_id', s.value -> 'last_id')) from jsonb_each(states) s),
           coalesce((select array_agg(s.key || ':' || w)
                       from jsonb_each(states) s, jsonb_object_keys(s.value -> 'writers') w), '{}');
    delete from rollup.samples s
     where s.source = r.source
       and (s.taken_at < now() - interval '1 day'
            or s.taken_at < (select x.taken_at from rollup.samples x where x.source = r.source
                              order by x.taken_at desc offset 19 limit 1));
end
$$;

COMMENT ON FUNCTION rollup.take_sample(rollup_name text) IS 'Internal. Notes how far ids have come and who is writing, for runs to come.';

CREATE FUNCTION rollup.target_columns(r rollup.rollups, OUT role text, OUT column_name name, OUT column_type text, OUT expression text, OUT merge text, OUT combine text, OUT differs text, OUT display text, OUT measure text, OUT shown json) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    dimension text;
    declared record;
    part record;
    parts text[];
begin
    if r.tenant is not null then
        role := 'tenant';
        column_name := r.tenant;
        expression := quote_ident(r.tenant);
        column_type := rollup.expression_type(r.source, expression);
        return next;
    end if;

    role := 'bucket';
    column_name := r.bucket_column;
    column_type := 'timestamp with time zone';
    expression := rollup.bucket_expression(r.bucket, r.time_zone, quote_ident(r.time_column));
    return next;

    foreach dimension in array r.dimensions loop
        role := 'dimension';
        parts := regexp_match(dimension, '^(.+)\s+as\s+(\w+|"([^"]|"")+")\s*$', 'i');
        if parts is null then
            column_name := dimension;
            expression := quote_ident(dimension);
        else
            column_name := (parse_ident(parts[2]))[1];
            expression := '(' || parts[1] || ')';
        end if;
        column_type := rollup.expression_type(r.source, expression);
        return next;
    end loop;

    role := 'measure';
    for declared in select * from json_each(r.measures) loop
        for part in select * from rollup.measure_parts(r, declared.key, declared.value) loop
            perform rollup.check_length(part.column_name);
            perform rollup.check_length(k) from json_object_keys(part.shown) k;
            column_name := part.column_name;
            column_type := part.column_type;
            expression := part.expression;
            merge := part.merge;
            combine := part.combine;
            differs := part.differs;
            display := part.display;
            measure := declared.key;
            shown := part.shown;
            return next;
        end loop;
    end loop;
end
$_$;

COMMENT ON FUNCTION rollup.target_columns(r rollup.rollups, OUT role text, OUT column_name name, OUT column_type text, OUT expression text, OUT merge text, OUT combine text, OUT differs text, OUT display text, OUT measure text, OUT shown json) IS 'Internal. Columns of a rollup''s table: role (tenant, bucket, dimension, measure), name, type, expression over events and, for measures, how old and new values merge, rows of a batch combine, two values are compared and displayed, which measure it belongs to, and what it shows in the view of plain numbers.';

CREATE FUNCTION rollup.tdigest_schema(measure_name text) RETURNS name
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if rollup.extension_schema('tdigest') is null then
        if not exists (select from pg_available_extensions where name = 'tdigest') then
            raise exception using
                errcode = 'undefined_file',
                message = format('measure %I: quantiles need the tdigest extension, which this server does not offer', measure_name),
                hint = format('On Debian: apt-get install postgresql-%s-tdigest',
                              current_setting('server_version_num')::int / 10000);
        end if;
        begin
            create extension tdigest schema public;
        exception when insufficient_privilege then
            raise exception using
                errcode = 'insufficient_privilege',
                message = format('measure %I: quantiles need the tdigest extension, which is not created', measure_name),
                hint = 'Have a superuser run: create extension tdigest schema public';
        end;
    end if;
    return rollup.extension_schema('tdigest');
end
$$;

COMMENT ON FUNCTION rollup.tdigest_schema(measure_name text) IS 'Internal. The schema of the tdigest extension, which is created when it is not.';

CREATE FUNCTION rollup.tell_workers() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "citus.propagate_set_commands" TO 'local'
    AS $$
declare
    setting text;
begin
    if rollup.extension_schema('citus') is null then
        return;
    end if;
    foreach setting in array
        '{enable_seqscan,enable_hashagg,enable_mergejoin,enable_nestloop,jit,work_mem,topn.number_of_counters,
          timezone,datestyle,intervalstyle,extra_float_digits,bytea_output}'::text[]
    loop
        if current_setting(setting, true) <> '' and not (setting like 'enable%' and current_setting(setting) = 'on') then
            execute format('set local %s = %L', setting, current_setting(setting));
        end if;
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.tell_workers() IS 'Internal. Has Citus workers use the settings of the calling function, until the transaction ends.';

CREATE FUNCTION rollup.top_counters(measures json) RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 SELECT max((COALESCE((m.value ->> 'counters'::text), '1000'::text))::integer) AS max
    FROM json_each(top_counters.measures) m(key, value)
   WHERE (((m.value ->> 'top'::text) IS NOT NULL) AND ((m.value ->> 'weight'::text) IS NULL));
END;

COMMENT ON FUNCTION rollup.top_counters(measures json) IS 'Internal. The number of counters that a declaration''s TopN lists keep, those that count; NULL without any.';

CREATE FUNCTION rollup.top_cut(item text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (octet_length(item) <= 255) THEN item ELSE (SELECT "left"(top_cut.item, characters.characters) AS "left" FROM generate_series(255, 0, '-1'::integer) characters(characters) WHERE (octet_length("left"(top_cut.item, characters.characters)) <= 255) LIMIT 1) END;

COMMENT ON FUNCTION rollup.top_cut(item text) IS 'Internal. The key of an item in a top list: as many whole characters as fit into 255 bytes.';

CREATE FUNCTION rollup.top_differs(counted jsonb, expected jsonb, counters integer, cut_once boolean DEFAULT false) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if coalesce(counted, '{}') = coalesce(expected, '{}') then
        return false;
    end if;
    return counted is null or expected is null
        or greatest((select count(*) from jsonb_object_keys(counted)),
                    (select count(*) from jsonb_object_keys(expected))) < counters
        or exists (select from jsonb_each_text(counted) c join jsonb_each_text(expected) e using (key)
                    where c.value::numeric > e.value::numeric)
        or cut_once and exists (
               select from jsonb_each_text(counted) c
                where not expected ? c.key
                  and c.value::numeric > coalesce((
                      select min(e.value::numeric) from jsonb_each_text(expected) e
                       where e.value::numeric >= 0 having count(*) >= counters), '-infinity'));
end
$$;

COMMENT ON FUNCTION rollup.top_differs(counted jsonb, expected jsonb, counters integer, cut_once boolean) IS 'Internal. Whether two TopN lists disagree by more than pruning to a number of counters explains.';

CREATE FUNCTION rollup.top_item(list jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT t.item FROM rollup.top(top_item.list, (1)::bigint) t(item, value));

COMMENT ON FUNCTION rollup.top_item(list jsonb) IS 'The first item of a top list; NULL when it is empty.';

CREATE FUNCTION rollup.top_list(items text[], amounts numeric[], counters integer) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    list jsonb;
    number bigint;
begin
    select jsonb_object_agg(s.item, s.amount), count(*)
      into list, number
      from (select case when octet_length(x.item) <= 255 then x.item
                        else rollup.top_cut(x.item) end collate "C" as item,
                   sum(x.amount) as amount
              from (select unnest(items) as item, unnest(amounts) as amount) x
             where x.item is not null and x.amount > '-infinity' and x.amount < 'infinity'
             group by 1) s;
    return case when number > counters then rollup.top_shortened(list, counters) else coalesce(list, '{}') end;
end
$$;

COMMENT ON FUNCTION rollup.top_list(items text[], amounts numeric[], counters integer) IS 'Internal. A top list of items and their weights: sums by item, cut to a number of items.';

CREATE FUNCTION rollup.top_merge(lists jsonb[], counters integer DEFAULT NULL::integer) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    list jsonb;
    number bigint;
begin
    select jsonb_object_agg(s.key, s.amount), count(*)
      into list, number
      from (select p.key collate "C" as key, sum(p.value::numeric) as amount
              from (select unnest(lists) as list) l
             cross join jsonb_each(l.list) p
             group by 1) s;
    return case when number > counters then rollup.top_shortened(list, counters) else coalesce(list, '{}') end;
end
$$;

COMMENT ON FUNCTION rollup.top_merge(lists jsonb[], counters integer) IS 'Internal. One top list of several, cut to a number of items (none when NULL).';

CREATE FUNCTION rollup.top_merge_all(lists jsonb[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN rollup.top_merge(lists, NULL::integer);

COMMENT ON FUNCTION rollup.top_merge_all(lists jsonb[]) IS 'Internal. Final function of rollup.top_union_agg.';

CREATE FUNCTION rollup.top_shortened(list jsonb, counters integer) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT jsonb_object_agg(k.key, k.amount) AS jsonb_object_agg FROM (SELECT p.key, (p.value)::numeric AS amount, row_number() OVER (ORDER BY (p.value)::numeric DESC, (p.key COLLATE "C")) AS place FROM jsonb_each_text(top_shortened.list) p(key, value)) k WHERE ((k.place <= top_shortened.counters) OR (k.amount < (0)::numeric)));

COMMENT ON FUNCTION rollup.top_shortened(list jsonb, counters integer) IS 'Internal. A top list cut to a number of items; those whose value is negative stay.';

CREATE FUNCTION rollup.top_text(list jsonb, n bigint DEFAULT 5) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT string_agg(format('%s (%s)'::text, t.item, t.value), ', '::text ORDER BY t.value DESC, (t.item COLLATE "C")) AS string_agg FROM rollup.top(top_text.list, top_text.n) t(item, value));

COMMENT ON FUNCTION rollup.top_text(list jsonb, n bigint) IS 'The first n items of a top list as one text, for people to read.';

CREATE FUNCTION rollup.top_union(list jsonb, list2 jsonb, counters integer) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $_$
declare
    unpacked constant jsonb := list || '{}';
    joined constant jsonb := unpacked || (list2 || coalesce((
        select jsonb_object_agg(p.key, p.value::numeric + (unpacked -> p.key)::numeric)
          from jsonb_each(list2) p
         where unpacked ? p.key), '{}'));
begin
    return case
        when pg_column_size(joined) < 15 * counters::bigint
          or jsonb_array_length(jsonb_path_query_array(joined, '$.*')) <= counters then joined
        else rollup.top_shortened(joined, counters)
    end;
end
$_$;

COMMENT ON FUNCTION rollup.top_union(list jsonb, list2 jsonb, counters integer) IS 'Internal. One top list of two, cut to a number of items.';

CREATE FUNCTION rollup.top_value(list jsonb) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT t.value FROM rollup.top(top_value.list, (1)::bigint) t(item, value));

COMMENT ON FUNCTION rollup.top_value(list jsonb) IS 'What the first item of a top list has: how often it came, or its weight.';

CREATE FUNCTION rollup.uncounted(rollup_name text, with_backlog boolean DEFAULT true) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    id_column name;
begin
    select r.id_column into strict id_column from rollup.rollups r where r.name = rollup_name;
    return (select '(' || string_agg(format('%1$I > %2$s and %1$I <= %3$s', id_column, t.after_id, t.through_id), ' or ') || ')'
              from rollup.tail_ranges(rollup_name) t
             where with_backlog or not t.is_backlog);
end
$_$;

COMMENT ON FUNCTION rollup.uncounted(rollup_name text, with_backlog boolean) IS 'Internal. The condition on a source''s id column that is true of events a rollup has not counted; without the backlog, of those above its watermark.';

CREATE FUNCTION rollup.uncounted_in(source regclass, partition regclass, condition text) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    AS $$
declare
    r rollup.rollups;
    number bigint;
    late text[] := '{}';
begin
    for r in select * from rollup.rollups x where x.source = uncounted_in.source order by x.id loop
        execute format('select count(*) from %s where %s and (%s) and (%s)',
                       partition, rollup.uncounted(r.name), condition, coalesce(r.filter, 'true'))
           into number;
        if number > 0 then
            late := late || format('rollup %I has not counted %s event%s of %s', r.name, number,
                                   case when number = 1 then '' else 's' end, partition);
        end if;
    end loop;
    return late;
end
$$;

COMMENT ON FUNCTION rollup.uncounted_in(source regclass, partition regclass, condition text) IS 'Internal. One sentence a rollup that has not counted all events of a partition that meet a condition.';

CREATE FUNCTION rollup.unschedule(OUT job text, OUT schedule text, OUT command text) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
#variable_conflict use_variable
begin
    if rollup.extension_schema('pg_cron') is null then
        return;
    end if;
    for job, schedule, command in execute
        'select jobname, schedule, command from cron.job
          where jobname in (''rollup-run'', ''rollup-partitions'', ''rollup-expire'')
            and database = current_database() and username = current_user
          order by jobid'
    loop
        execute 'select cron.unschedule($1)' using job;
        return next;
    end loop;
end
$_$;

COMMENT ON FUNCTION rollup.unschedule(OUT job text, OUT schedule text, OUT command text) IS 'Removes the pg_cron jobs that rollup.schedule made, and answers them.';

CREATE FUNCTION rollup.upsert_text(keys text[], measures text[], merges text[]) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 SELECT format('on conflict (%s) do update set
            %s'::text, array_to_string(upsert_text.keys, ', '::text), string_agg(((x.m || ' = '::text) || format(x.merge, ('r.'::text || x.m), ('excluded.'::text || x.m), 'r', 'excluded')), ',
            '::text ORDER BY x.n)) AS format
    FROM UNNEST(upsert_text.measures, upsert_text.merges) WITH ORDINALITY x(m, merge, n);
END;

COMMENT ON FUNCTION rollup.upsert_text(keys text[], measures text[], merges text[]) IS 'Internal. The ON CONFLICT clause for quoted key columns and measures, with their merges.';

CREATE FUNCTION rollup.valid_keep(keep interval, bucket interval DEFAULT NULL::interval) RETURNS interval
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
begin
    if keep <= interval '0' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('the retention must be longer than zero, not %L', keep),
            hint = 'For example ''90 days''; NULL keeps everything.';
    end if;
    if keep < bucket then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('the retention must not be shorter than a bucket, %s, as %s is', bucket, keep),
            hint = 'Whole buckets expire. For example ''90 days''; NULL keeps everything.';
    end if;
    -- A time before all times would be an error each night.
    if not isfinite(keep) then
        return null;
    end if;
    perform now() - keep;
    return keep;
exception when datetime_field_overflow then
    raise exception using
        errcode = 'invalid_parameter_value',
        message = format('the retention is too long: %L', keep),
        hint = 'NULL keeps everything.';
end
$$;

COMMENT ON FUNCTION rollup.valid_keep(keep interval, bucket interval) IS 'Internal. A retention, NULL if it is without end. Raises invalid_parameter_value for one that is not longer than zero, or shorter than a bucket.';

CREATE FUNCTION rollup.valid_partition_interval(width interval, bucket interval) RETURNS interval
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    months constant int := case when isfinite(width)
        then extract(year from width) * 12 + extract(month from width) else 0 end;
begin
    if not isfinite(width) or width < bucket or mod(extract(epoch from width), 60) <> 0
       or (months <> 0 and width <> make_interval(months => months)) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('a partition must be whole minutes or whole months, and not shorter than a bucket, %s; not %L',
                             bucket, width),
            hint = 'For example ''1 day'' or ''1 month''.';
    end if;
    return width;
end
$$;

COMMENT ON FUNCTION rollup.valid_partition_interval(width interval, bucket interval) IS 'Internal. The length of a rollup''s partitions. Raises invalid_parameter_value for one that makes no sense.';

CREATE FUNCTION rollup.validity(r rollup.rollups, OUT column_name text, OUT condition text) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    AS $$
declare
    added record;
begin
    for added in
        select a.measure, a.valid_since,
               (select jsonb_object_agg(t.tenant, t.valid_since::text)
                  from rollup.added_measures t
                 where t.rollup = a.rollup and t.measure = a.measure and t.tenant is not null) as tenants
          from rollup.added_measures a
         where a.rollup = r.name and a.tenant is null and a.valid_since > '-infinity'
    loop
        condition := case when added.tenants is null
            then format('b.%I >= %L', r.bucket_column, added.valid_since)
            else format('b.%I >= coalesce((%L::jsonb ->> b.%I::text)::timestamptz, %L)',
                        r.bucket_column, added.tenants, r.tenant, added.valid_since) end;
        for column_name in
            select c.column_name from rollup.target_columns(rollup.with_measures(r, array[added.measure])) c
             where c.role = 'measure'
        loop
            return next;
        end loop;
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.validity(r rollup.rollups, OUT column_name text, OUT condition text) IS 'Internal. The columns of measures that are not complete in all buckets, and the condition on a row b of the rollup that says where they are.';

CREATE FUNCTION rollup.verify(rollup_name text, range_from timestamp with time zone DEFAULT NULL::timestamp with time zone, range_to timestamp with time zone DEFAULT NULL::timestamp with time zone, tenant text DEFAULT NULL::text) RETURNS TABLE(rollup text, tenant_id text, bucket timestamp with time zone, dimensions jsonb, measure text, counted text, expected text)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_hashagg TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    SET work_mem TO '128MB'
    SET jit TO 'off'
    SET "topn.number_of_counters" TO '1000'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    AS $_$
#variable_conflict use_column
declare
    r rollup.rollups;
    span tstzrange;
    missing text;
    kept_from text;
    keys text[];
    key_names text[];
    expressions text[];
    measures text[];
    checks text;
    any_differs text;
    valid_where jsonb;
    counted_condition text;
    raw_condition text := 'true';
    row_condition text := 'true';
begin
    r := rollup.find_rollup(rollup_name);
    tenant := rollup.known_tenant(r, tenant);
    span := rollup.event_range(r.bucket, r.time_zone, range_from, range_to);
    if rollup.is_distributed(r.source) then
        perform rollup.take_run_lock(rollup_name);
        r := rollup.find_rollup(rollup_name);  -- it may have been altered meanwhile
        counted_condition := 'not ' || rollup.uncounted(rollup_name);
        missing := format('%L::tstzmultirange', rollup.missing_ranges(r.source));
        kept_from := format('timestamptz %L', coalesce((select x.expired_before from rollup.rollups x where x.name = rollup_name), '-infinity'));
    else
        missing := format('(select rollup.missing_ranges(%L))', r.source);
        kept_from := format('(select coalesce(x.expired_before, %L) from rollup.rollups x where x.name = %L)', '-infinity', rollup_name);
        counted_condition := format('not exists (select from rollup.tails t where t.rollup = %2$L '
                                    'and e.%1$I > t.after_id and e.%1$I <= t.through_id)', r.id_column, rollup_name);
    end if;

    select coalesce(jsonb_object_agg(v.column_name, v.condition), '{}') into valid_where from rollup.validity(r) v;
    perform set_config('topn.number_of_counters', coalesce(rollup.top_counters(r.measures), 1000)::text, true);
    perform rollup.tell_workers();
    perform length(repeat(' ', 4000000));  -- as in rollup.begin_run

    select array_agg(quote_ident(c.column_name)) filter (where c.role <> 'measure'),
           array_agg(c.expression),
           array_agg(quote_ident(c.column_name)) filter (where c.role = 'measure'),
           string_agg(format('(%L, %s, %s, (has_rows <> has_events or %s)%s)', c.column_name,
                             format(c.display, 'b.rows_' || n), format(c.display, 'b.events_' || n),
                             format(c.differs, 'b.rows_' || n, 'b.events_' || n), ' and ' || (valid_where ->> c.column_name)), E',\n                ')
               filter (where c.role = 'measure'),
           'has_rows <> has_events' || string_agg(concat(' or (', format(c.differs, 'b.rows_' || n, 'b.events_' || n), ')', ' and ' || (valid_where ->> c.column_name)), '')
               filter (where c.role = 'measure')
      into keys, expressions, measures, checks, any_differs
      from rollup.target_columns(r) with ordinality
           c (role, column_name, column_type, expression, merge, combine, differs, display, measure, shown, n);

    -- A bucket that begins before its rows expired is left out, also where it ends after.
    if r.keep is not null or r.expired_before is not null then
        raw_condition := raw_condition || format(' and %I >= %s', r.time_column, kept_from);
        row_condition := row_condition || format(' and %I >= %s', r.bucket_column, kept_from);
    end if;
    if lower(span) is not null then
        raw_condition := raw_condition || format(' and %I >= %L', r.time_column, lower(span));
        row_condition := row_condition || format(' and %I >= %L', r.bucket_column, lower(span));
    end if;
    if upper(span) is not null then
        raw_condition := raw_condition || format(' and %I < %L', r.time_column, upper(span));
        row_condition := row_condition || format(' and %I < %L', r.bucket_column, upper(span));
    end if;
    if tenant is not null then
        raw_condition := raw_condition || format(' and %I = %L', r.tenant, tenant);
        row_condition := row_condition || format(' and %I = %L', r.tenant, tenant);
    end if;
    raw_condition := raw_condition || coalesce(' and (' || r.filter || ')', '');

    return query execute format($text$
        with b as materialized (
            select * from (
            select %5$s, %6$s, bool_or(is_raw) as has_events, bool_or(not is_raw) as has_rows
              from (
                select %7$s, true as is_raw
                  from %8$s e
                 where %9$s
                   and %10$s
                 group by %11$s
                union all
                select %5$s, %12$s, false
                  from %13$s
                 where %14$s
              ) u
             group by %5$s
            ) b
             where (%18$s)
               and b.%3$I >= %20$s
               and not tstzrange(b.%3$I, rollup.bucket_end(%16$L, %19$L, b.%3$I)) && %17$s
        )
        select %1$L, %2$s, b.%3$I, %4$s, m.measure, m.counted, m.expected
          from b
         cross join lateral (values
                %15$s
              ) m (measure, counted, expected, differs)
         where m.differs
         order by 3, 2, 4::text, 5
    $text$,
        rollup_name,
        case when r.tenant is null then 'null::text' else format('b.%I::text', r.tenant) end,
        r.bucket_column,
        'jsonb_build_object(' || coalesce((
            select string_agg(format('%L, b.%I', c.column_name, c.column_name), ', ')
              from rollup.target_columns(r) c where c.role = 'dimension'), '') || ')',
        array_to_string(keys, ', '),
        (select string_agg(format('(array_agg(%1$s) filter (where is_raw))[1] as events_%2$s, '
                                  '(array_agg(%1$s) filter (where not is_raw))[1] as rows_%2$s',
                                  m, n + cardinality(keys)), ', ')
           from unnest(measures) with ordinality x (m, n)),
        (select string_agg(e || ' as ' || c, ', ' order by n)
           from rows from (unnest(expressions), unnest(keys || measures)) with ordinality x (e, c, n)),
        r.source,
        counted_condition,
        raw_condition,
        (select string_agg(n::text, ', ') from generate_series(1, cardinality(keys)) n),
        array_to_string(measures, ', '),
        r.target,
        row_condition,
        checks,
        r.bucket,
        missing,
        any_differs,
        r.time_zone,
        kept_from);
end
$_$;

COMMENT ON FUNCTION rollup.verify(rollup_name text, range_from timestamp with time zone, range_to timestamp with time zone, tenant text) IS 'Compares a rollup with its raw events, up to the watermark, for the buckets a range touches (all by default) and one tenant (all by default): one row for each measure that differs, with what the rollup has and what the events say; no rows when all is well. Buckets whose raw events were dropped are left out (rollup.missing_ranges), and those whose rows have expired.';

CREATE FUNCTION rollup.version() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    RETURN '0.1.0'::text;

COMMENT ON FUNCTION rollup.version() IS 'Version of the installed rollup package, as major.minor.patch.';

CREATE FUNCTION rollup.view_name(target regclass, suffix text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 SELECT format('%I.%I'::text, n.nspname, (((c.relname)::text || '_'::text) || view_name.suffix)) AS format
    FROM (pg_class c
      JOIN pg_namespace n ON ((n.oid = c.relnamespace)))
   WHERE (c.oid = (view_name.target)::oid);
END;

COMMENT ON FUNCTION rollup.view_name(target regclass, suffix text) IS 'Internal. Qualified and quoted name of the view beside a rollup''s table that ends in a suffix.';

CREATE FUNCTION rollup.wait_for_parts(names text[], source regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    query constant text := format('select rollup.distributed_parts(%L)', source);
    deadline constant timestamptz := clock_timestamp() + rollup.setting('rollup.max_wait')::interval;
    pause double precision := 0.005;
    strays text[];
    are_prepared boolean;
    own_front bigint;
begin
    if not rollup.is_distributed(source) then
        return;
    end if;
    execute 'select citus_backend_gpid()' into own_front;
    loop
        -- A new writer may show here as a part without a front, when its front's node was asked
        -- just before it began; the next look puts that right.
        with nodes as (
            select n.node, n.result::jsonb as state from rollup.on_each_node(query) n
        ), parts as (
            select format('%s on %s', p.key, n.node) as stray, p.value = 'null' as is_prepared
              from nodes n, jsonb_each(n.state -> 'parts') p
             where not exists (select from nodes f where f.state -> 'fronts' @> p.value and p.value <> 'null')
               and p.value <> to_jsonb(own_front)
        )
        select coalesce(array_agg(p.stray order by p.stray), '{}'), coalesce(bool_or(p.is_prepared), false)
          into strays, are_prepared
          from parts p
         where strays is null or p.stray = any (strays);
        exit when strays = '{}';
        if clock_timestamp() >= deadline then
            raise exception using
                errcode = 'lock_not_available',
                message = format('%s put off: parts of distributed transactions that write to %s have not ended',
                                 rollup.named(names), source),
                detail = format('They are %s: virtual transactions %s.',
                                case when are_prepared then 'prepared and in doubt' else 'without the session that began them' end,
                                array_to_string(strays, ', ')),
                hint = 'Nothing was counted; the next run tries again. Citus recovers prepared ones when the '
                       'node that began them is back; see pg_locks and pg_prepared_xacts on those nodes.';
        end if;
        if are_prepared then
            perform * from rollup.on_each_node('select recover_prepared_transactions()');
        end if;
        perform pg_sleep(pause);
        pause := least(pause * 1.5, 0.2);
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.wait_for_parts(names text[], source regclass) IS 'Internal. Recovers or waits for parts of distributed writers that are without their front now. Raises lock_not_available after rollup.max_wait.';

CREATE FUNCTION rollup.wait_for_writers(source regclass, sequence regclass, INOUT states jsonb, OUT writers text[]) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    deadline constant timestamptz := clock_timestamp() + rollup.setting('rollup.max_wait')::interval;
    pause double precision := 0.005;
begin
    select coalesce(array_agg(s.key || ':' || w), '{}') into writers
      from jsonb_each(states) s, jsonb_object_keys(s.value -> 'writers') w;
    while writers <> '{}' and clock_timestamp() < deadline loop
        perform pg_sleep(least(pause, extract(epoch from deadline - clock_timestamp())));
        pause := least(pause * 1.5, 0.2);
        states := rollup.read_nodes(source, sequence);
        writers := rollup.still_open(writers, states);
    end loop;
end
$$;

COMMENT ON FUNCTION rollup.wait_for_writers(source regclass, sequence regclass, INOUT states jsonb, OUT writers text[]) IS 'Internal. Waits, for rollup.max_wait at most, until the writers in states have ended. Answers the nodes as they are then, and the writers that are still open.';

CREATE FUNCTION rollup.whole_option(measure_name text, spec json, option_name text, usual integer, least_allowed integer, most_allowed integer) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    said constant text := coalesce(spec ->> option_name, usual::text);
begin
    if said !~ '^-?[0-9]{1,9}$' or said::int not between least_allowed and most_allowed then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('measure %I: %s must be a whole number from %s to %s, not %s',
                             measure_name, option_name, least_allowed, most_allowed, said);
    end if;
    return said;
end
$_$;

COMMENT ON FUNCTION rollup.whole_option(measure_name text, spec json, option_name text, usual integer, least_allowed integer, most_allowed integer) IS 'Internal. An option of a measure that is a whole number within limits.';

CREATE FUNCTION rollup.with_measures(r rollup.rollups, names text[]) RETURNS rollup.rollups
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    select coalesce(json_object_agg(m.key, m.value order by m.position), '{}') into r.measures
      from json_each(r.measures) with ordinality m (key, value, position)
     where m.key = any (names);
    return r;
end
$$;

COMMENT ON FUNCTION rollup.with_measures(r rollup.rollups, names text[]) IS 'Internal. A declaration with some of its measures only.';

CREATE FUNCTION rollup_compat.topn(top_items jsonb, n integer) RETURNS SETOF rollup_compat.topn_record
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    counters constant integer := rollup_compat.topn_counters();
    items text[];
    frequencies bigint[];
begin
    select array_agg(rollup_compat.topn_stored_key(pair.key) order by pair.place),
           array_agg(least(trunc(pair.value::numeric), 9223372036854775807) order by pair.place)
      into items, frequencies
      from jsonb_each(case jsonb_typeof(top_items) when 'object' then top_items end)
           with ordinality pair(key, value, place)
     where jsonb_typeof(pair.value) = 'number';

    if items is null then
        return;
    end if;
    if n > counters then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('topn was asked for %s items, but topn.number_of_counters is %s', n, counters),
            hint = format('Ask for fewer, or: set topn.number_of_counters = %s', n);
    end if;

    return query
        select items[place], frequencies[place]
          from unnest(rollup_compat.topn_order(frequencies, n)) with ordinality ranked(place, rank)
         order by rank;
end
$$;

COMMENT ON FUNCTION rollup_compat.topn(top_items jsonb, n integer) IS 'TopN. The n items with the largest counters, largest first.';

CREATE FUNCTION rollup_compat.topn_add(top_items jsonb, item text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    key constant text := rollup_compat.topn_item_key(item);
begin
    if item is null then
        return coalesce(top_items, '{}');
    end if;
    return rollup_compat.topn_merge(
        array[top_items, jsonb_build_object(key, 1)],
        case when top_items ? key then null else rollup_compat.topn_counters() end);
end
$$;

COMMENT ON FUNCTION rollup_compat.topn_add(top_items jsonb, item text) IS 'TopN. Counts one more item in a counter object, or in a new one when that is NULL.';

CREATE FUNCTION rollup_compat.topn_add_final(items text[]) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    return rollup_compat.topn_count(items, rollup_compat.topn_counters());
end
$$;

COMMENT ON FUNCTION rollup_compat.topn_add_final(items text[]) IS 'TopN stand-in, internal. Final function of topn_add_agg.';

CREATE FUNCTION rollup_compat.topn_checked_counters(setting text) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    -- most pairs the server can put into one jsonb object: the extension's upper limit
    largest constant integer := 14913080;
begin
    if setting !~ '^\s*[-+]?[0-9]+\s*$' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format(
                'invalid value for parameter "topn.number_of_counters": "%s"', setting),
            hint = format('Give a whole number from 1 to %s.', largest);
    end if;
    if setting::numeric not between 1 and largest then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format(
                '%s is outside the valid range for parameter "topn.number_of_counters" (1 .. %s)',
                trim(setting), largest);
    end if;
    return setting::integer;
end
$_$;

COMMENT ON FUNCTION rollup_compat.topn_checked_counters(setting text) IS 'TopN stand-in, internal. The setting as a number, or an error that says what is wrong with it.';

CREATE FUNCTION rollup_compat.topn_cut(item text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (SELECT "left"(topn_cut.item, characters.characters) AS "left" FROM generate_series(255, 0, '-1'::integer) characters(characters) WHERE (octet_length("left"(topn_cut.item, characters.characters)) <= 255) LIMIT 1);

COMMENT ON FUNCTION rollup_compat.topn_cut(item text) IS 'TopN stand-in, internal. As many whole characters as fit into 255 bytes.';

CREATE FUNCTION rollup_compat.topn_item_key(item text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (octet_length(item) <= 255) THEN item ELSE rollup_compat.topn_cut(item) END;

COMMENT ON FUNCTION rollup_compat.topn_item_key(item text) IS 'TopN stand-in, internal. The key an item is counted under.';

CREATE FUNCTION rollup_compat.topn_count(items text[], counters integer) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT COALESCE(jsonb_object_agg(kept.key, kept.frequency), '{}'::jsonb) AS "coalesce" FROM (SELECT (rollup_compat.topn_item_key(item.item) COLLATE "C") AS key, count(*) AS frequency FROM unnest(topn_count.items) item(item) WHERE (item.item IS NOT NULL) GROUP BY (rollup_compat.topn_item_key(item.item) COLLATE "C") ORDER BY (count(*)) DESC, (rollup_compat.topn_item_key(item.item) COLLATE "C") LIMIT topn_count.counters) kept);

COMMENT ON FUNCTION rollup_compat.topn_count(items text[], counters integer) IS 'TopN stand-in, internal. Exact counts of the items, cut to the largest ones.';

CREATE FUNCTION rollup_compat.topn_counters() RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN (NULLIF(current_setting('topn.number_of_counters'::text, true), ''::text) IS NULL) THEN 1000 WHEN (current_setting('topn.number_of_counters'::text, true) ~ '^[1-9][0-9]{0,6}$'::text) THEN (current_setting('topn.number_of_counters'::text, true))::integer ELSE rollup_compat.topn_checked_counters(current_setting('topn.number_of_counters'::text, true)) END;

COMMENT ON FUNCTION rollup_compat.topn_counters() IS 'TopN stand-in, internal. How many counters to keep: topn.number_of_counters, 1000 when not set.';

CREATE FUNCTION rollup_compat.topn_long_key(key text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if octet_length(key) > 256 then
        raise exception using
            errcode = 'data_exception',
            message = 'a key of this jsonb object is longer than the 256 bytes of a TopN key',
            detail = format('It has %s bytes and begins with "%s".', octet_length(key), left(key, 40));
    end if;
    return rollup_compat.topn_cut(key);
end
$$;

COMMENT ON FUNCTION rollup_compat.topn_long_key(key text) IS 'TopN stand-in, internal. A stored key of more than 255 bytes: cut when it has 256, else an error.';

CREATE FUNCTION rollup_compat.topn_median(i integer, fi bigint, j integer, fj bigint, k integer, fk bigint) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (fi > fj) THEN CASE WHEN (fj > fk) THEN j WHEN (fi > fk) THEN k ELSE i END ELSE CASE WHEN (fj < fk) THEN j WHEN (fi > fk) THEN i ELSE k END END;

COMMENT ON FUNCTION rollup_compat.topn_median(i integer, fi bigint, j integer, fj bigint, k integer, fk bigint) IS 'TopN stand-in, internal. Which of three places holds the median frequency.';

CREATE FUNCTION rollup_compat.topn_stored_key(key text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (octet_length(key) <= 255) THEN key ELSE rollup_compat.topn_long_key(key) END;

COMMENT ON FUNCTION rollup_compat.topn_stored_key(key text) IS 'TopN stand-in, internal. A key of a stored object, once it has been checked.';

CREATE FUNCTION rollup_compat.topn_merge(states jsonb[], counters integer) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT COALESCE(jsonb_object_agg(kept.key, kept.frequency), '{}'::jsonb) AS "coalesce" FROM (SELECT (rollup_compat.topn_stored_key(pair.key) COLLATE "C") AS key, LEAST(sum(trunc((pair.value)::numeric)), ('9223372036854775807'::bigint)::numeric) AS frequency FROM (unnest(topn_merge.states) state(state) CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(state.state) WHEN 'object'::text THEN state.state ELSE NULL::jsonb END) pair(key, value)) WHERE (jsonb_typeof(pair.value) = 'number'::text) GROUP BY (rollup_compat.topn_stored_key(pair.key) COLLATE "C") ORDER BY LEAST(sum(trunc((pair.value)::numeric)), ('9223372036854775807'::bigint)::numeric) DESC, (rollup_compat.topn_stored_key(pair.key) COLLATE "C") LIMIT topn_merge.counters) kept);

COMMENT ON FUNCTION rollup_compat.topn_merge(states jsonb[], counters integer) IS 'TopN stand-in, internal. Sums by key, cut to the largest ones; keeps all when counters is NULL.';

CREATE FUNCTION rollup_compat.topn_order(f bigint[], wanted integer) RETURNS integer[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    -- element p[i] of f stands at place i
    p integer[] := array(select generate_subscripts(f, 1));
    moved integer;
    -- the ranges still to be sorted: a stack
    firsts integer[] := array[1];
    lasts integer[] := array[cardinality(f)];
    depth integer := 1;
    lo integer;
    hi integer;
    size integer;
    -- places lo..a-1 and d+1..hi equal the pivot, a..b-1 are above, c+1..d below, b..c unseen
    a integer;
    b integer;
    c integer;
    d integer;
    m integer;
    step integer;
    pivot bigint;
begin
    while depth > 0 loop
        lo := firsts[depth];
        hi := lasts[depth];
        size := hi - lo + 1;
        depth := depth - 1;
        continue when lo > wanted;

        if size < 7 then
            for i in lo + 1 .. hi loop
                b := i;
                moved := p[i];
                while b > lo and f[p[b - 1]] < f[moved] loop
                    p[b] := p[b - 1];
                    b := b - 1;
                end loop;
                p[b] := moved;
            end loop;
            continue;
        end if;

        b := lo + 1;
        while b <= hi and f[p[b - 1]] >= f[p[b]] loop
            b := b + 1;
        end loop;
        continue when b > hi;

        a := lo;
        m := lo + size / 2;
        d := hi;
        if size > 40 then
            step := size / 8;
            a := rollup_compat.topn_median(
                a, f[p[a]], a + step, f[p[a + step]], a + 2 * step, f[p[a + 2 * step]]);
            m := rollup_compat.topn_median(
                m - step, f[p[m - step]], m, f[p[m]], m + step, f[p[m + step]]);
            d := rollup_compat.topn_median(
                d - 2 * step, f[p[d - 2 * step]], d - step, f[p[d - step]], d, f[p[d]]);
        end if;
        if size > 7 then
            m := rollup_compat.topn_median(a, f[p[a]], m, f[p[m]], d, f[p[d]]);
        end if;
        moved := p[lo]; p[lo] := p[m]; p[m] := moved;
        pivot := f[p[lo]];

        a := lo + 1;
        b := a;
        c := hi;
        d := hi;
        loop
            while b <= c and f[p[b]] >= pivot loop
                if f[p[b]] = pivot then
                    moved := p[a]; p[a] := p[b]; p[b] := moved;
                    a := a + 1;
                end if;
                b := b + 1;
            end loop;
            while b <= c and f[p[c]] <= pivot loop
                if f[p[c]] = pivot then
                    moved := p[c]; p[c] := p[d]; p[d] := moved;
                    d := d - 1;
                end if;
                c := c - 1;
            end loop;
            exit when b > c;
            moved := p[b]; p[b] := p[c]; p[c] := moved;
            b := b + 1;
            c := c - 1;
        end loop;

        -- the equal ones change places with the inner ends of what is above and below
        size := least(a - lo, b - a);
        for i in 0 .. size - 1 loop
            moved := p[lo + i]; p[lo + i] := p[b - size + i]; p[b - size + i] := moved;
        end loop;
        size := least(d - c, hi - d);
        for i in 0 .. size - 1 loop
            moved := p[b + i]; p[b + i] := p[hi - size + 1 + i]; p[hi - size + 1 + i] := moved;
        end loop;

        firsts[depth + 1] := lo;
        lasts[depth + 1] := lo + (b - a) - 1;
        firsts[depth + 2] := hi - (d - c) + 1;
        lasts[depth + 2] := hi;
        depth := depth + 2;
    end loop;
    return p[:wanted];
end
$$;

COMMENT ON FUNCTION rollup_compat.topn_order(f bigint[], wanted integer) IS 'TopN stand-in, internal. The subscripts of the largest frequencies, in the extension''s order.';

CREATE FUNCTION rollup_compat.topn_union(top_items jsonb, top_items2 jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    counters constant integer := rollup_compat.topn_counters();
    joined constant jsonb := top_items || top_items2;
    -- paths, because a query over the pairs costs more than all the rest
    frequencies constant jsonb := jsonb_path_query_array(top_items, '$.*')
                               || jsonb_path_query_array(top_items2, '$.*');
    -- no less than all keys together have, and seldom more than one key may have
    key_bytes constant integer := octet_length(top_items::text) + octet_length(top_items2::text)
                                  - octet_length(frequencies::text);
begin
    if jsonb_typeof(joined) <> 'object'
       or jsonb_array_length(frequencies) > counters
       or frequencies::text !~ '^\[([0-9]{1,18}, )*[0-9]{0,18}\]$'
       or key_bytes > 255 and (select max(octet_length(key)) > 255 from jsonb_object_keys(joined) key)
    then
        return rollup_compat.topn_merge(array[top_items, top_items2], counters);
    end if;

    if jsonb_array_length(jsonb_path_query_array(joined, '$.*')) = jsonb_array_length(frequencies) then
        return joined;
    end if;

    return joined || (
        select jsonb_object_agg(key, (top_items -> key)::bigint + value::bigint)
          from jsonb_each(top_items2)
         where top_items ? key);
end
$_$;

COMMENT ON FUNCTION rollup_compat.topn_union(top_items jsonb, top_items2 jsonb) IS 'TopN. The union of two counter objects, cut to topn.number_of_counters.';

CREATE FUNCTION rollup_compat.topn_union_final(states jsonb[]) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    return rollup_compat.topn_merge(states, rollup_compat.topn_counters());
end
$$;

COMMENT ON FUNCTION rollup_compat.topn_union_final(states jsonb[]) IS 'TopN stand-in, internal. Final function of topn_union_agg.';

CREATE FUNCTION shop."count_Orders by day"(max_events bigint DEFAULT NULL::bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_hashagg TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET work_mem TO '128MB'
    SET "topn.number_of_counters" TO '10'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    AS $$
#variable_conflict use_column
declare
    run rollup.run := rollup.begin_run(array['Orders by day'], max_events);
    span rollup.span;
    number bigint;
begin
    foreach span in array run.spans loop
        insert into shop."Orders by day" as r (
            customer_id, bucket, country, orders, revenue, price_sum, price_count, latest, latest_at, latest_id, buyers, products)
        select
            customer_id,
            date_bin('1 day', ordered_at, timestamptz '2000-01-01 00:00:00+00'),
            country,
            count(*),
            sum(price),
            sum(price),
            count(price),
            (array_agg(price order by ordered_at desc nulls last, id desc nulls last) filter (where (price) is not null))[1],
            max(ordered_at) filter (where (price) is not null),
            (array_agg(id order by ordered_at desc nulls last, id desc nulls last) filter (where (price) is not null))[1],
            public.hll_add_agg(public.hll_hash_bigint(customer_id), 11, 5, -1, 1),
            (select case when count(*) > 10 then rollup.top_shortened(jsonb_object_agg(k, n), 10) else coalesce(jsonb_object_agg(k, n), '{}') end from (select k, count(*) as n from unnest(array_agg(rollup_compat.topn_item_key(("Product")::text))) k where k is not null group by 1) top)
          from shop.orders
         where id > span.after_id
           and id <= span.through_id
         group by 1, 2, 3
        on conflict (customer_id, bucket, country) do update set
            orders = coalesce(r.orders + excluded.orders, r.orders, excluded.orders),
            revenue = coalesce(r.revenue + excluded.revenue, r.revenue, excluded.revenue),
            price_sum = coalesce(r.price_sum + excluded.price_sum, r.price_sum, excluded.price_sum),
            price_count = coalesce(r.price_count + excluded.price_count, r.price_count, excluded.price_count),
            latest = case when r.latest_id is null or (excluded.latest_at, excluded.latest_id) > (r.latest_at, r.latest_id) then excluded.latest else r.latest end,
            latest_at = case when r.latest_id is null or (excluded.latest_at, excluded.latest_id) > (r.latest_at, r.latest_id) then excluded.latest_at else r.latest_at end,
            latest_id = case when r.latest_id is null or (excluded.latest_at, excluded.latest_id) > (r.latest_at, r.latest_id) then excluded.latest_id else r.latest_id end,
            buyers = coalesce(public.hll_union(r.buyers, excluded.buyers), r.buyers, excluded.buyers),
            products = coalesce(rollup.top_union(r.products, excluded.products, 10), r.products, excluded.products);
        get diagnostics number = row_count;
        run.rows[1] := run.rows[1] + number;

        select count(*) into number
          from shop.orders
         where id > span.after_id
           and id <= span.through_id;
        run.events[1] := run.events[1] + number;
    end loop;

    select f.status, f.events, f.rows, f.more
      into status, events, rows, more
      from rollup.finish_run(run) f;
end
$$;

COMMENT ON FUNCTION shop."count_Orders by day"(max_events bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) IS 'Counts new events of shop.orders into shop."Orders by day": all of them, or at most max_events ids. Answers status (done, nothing new, busy), events counted, rows written, whether more is waiting.';

CREATE FUNCTION shop.count_orders_1hr(max_events bigint DEFAULT NULL::bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_hashagg TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET work_mem TO '128MB'
    SET "topn.number_of_counters" TO '10'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    AS $$
#variable_conflict use_column
declare
    run rollup.run := rollup.begin_run(array['orders_1hr'], max_events);
    span rollup.span;
    number bigint;
begin
    foreach span in array run.spans loop
        insert into shop.orders_1hr as r (
            customer_id, bucket, country, orders, revenue, price_sum, price_count, latest, latest_at, latest_id, buyers, products)
        select
            customer_id,
            date_bin('01:00:00', ordered_at, timestamptz '2000-01-01 00:00:00+00'),
            country,
            count(*),
            sum(price),
            sum(price),
            count(price),
            (array_agg(price order by ordered_at desc nulls last, id desc nulls last) filter (where (price) is not null))[1],
            max(ordered_at) filter (where (price) is not null),
            (array_agg(id order by ordered_at desc nulls last, id desc nulls last) filter (where (price) is not null))[1],
            public.hll_add_agg(public.hll_hash_bigint(customer_id), 11, 5, -1, 1),
            (select case when count(*) > 10 then rollup.top_shortened(jsonb_object_agg(k, n), 10) else coalesce(jsonb_object_agg(k, n), '{}') end from (select k, count(*) as n from unnest(array_agg(rollup_compat.topn_item_key(("Product")::text))) k where k is not null group by 1) top)
          from shop.orders
         where id > span.after_id
           and id <= span.through_id
         group by 1, 2, 3
        on conflict (customer_id, bucket, country) do update set
            orders = coalesce(r.orders + excluded.orders, r.orders, excluded.orders),
            revenue = coalesce(r.revenue + excluded.revenue, r.revenue, excluded.revenue),
            price_sum = coalesce(r.price_sum + excluded.price_sum, r.price_sum, excluded.price_sum),
            price_count = coalesce(r.price_count + excluded.price_count, r.price_count, excluded.price_count),
            latest = case when r.latest_id is null or (excluded.latest_at, excluded.latest_id) > (r.latest_at, r.latest_id) then excluded.latest else r.latest end,
            latest_at = case when r.latest_id is null or (excluded.latest_at, excluded.latest_id) > (r.latest_at, r.latest_id) then excluded.latest_at else r.latest_at end,
            latest_id = case when r.latest_id is null or (excluded.latest_at, excluded.latest_id) > (r.latest_at, r.latest_id) then excluded.latest_id else r.latest_id end,
            buyers = coalesce(public.hll_union(r.buyers, excluded.buyers), r.buyers, excluded.buyers),
            products = coalesce(rollup.top_union(r.products, excluded.products, 10), r.products, excluded.products);
        get diagnostics number = row_count;
        run.rows[1] := run.rows[1] + number;

        select count(*) into number
          from shop.orders
         where id > span.after_id
           and id <= span.through_id;
        run.events[1] := run.events[1] + number;
    end loop;

    select f.status, f.events, f.rows, f.more
      into status, events, rows, more
      from rollup.finish_run(run) f;
end
$$;

COMMENT ON FUNCTION shop.count_orders_1hr(max_events bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) IS 'Counts new events of shop.orders into shop.orders_1hr: all of them, or at most max_events ids. Answers status (done, nothing new, busy), events counted, rows written, whether more is waiting.';

CREATE FUNCTION shop.count_orders_backwards(max_events bigint DEFAULT NULL::bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_hashagg TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET work_mem TO '128MB'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    AS $$
#variable_conflict use_column
declare
    run rollup.run := rollup.begin_run(array['orders_backwards'], max_events);
    span rollup.span;
    number bigint;
begin
    foreach span in array run.spans loop
        insert into shop.orders_backwards as r (
            customer_id, bucket, orders)
        select
            customer_id,
            date_bin('06:00:00', ordered_at, timestamptz '2000-01-01 00:00:00+00'),
            count(*)
          from shop.orders
         where id > span.after_id
           and id <= span.through_id
         group by 1, 2
        on conflict (customer_id, bucket) do update set
            orders = coalesce(r.orders + excluded.orders, r.orders, excluded.orders);
        get diagnostics number = row_count;
        run.rows[1] := run.rows[1] + number;

        select count(*) into number
          from shop.orders
         where id > span.after_id
           and id <= span.through_id;
        run.events[1] := run.events[1] + number;
    end loop;

    select f.status, f.events, f.rows, f.more
      into status, events, rows, more
      from rollup.finish_run(run) f;
end
$$;

COMMENT ON FUNCTION shop.count_orders_backwards(max_events bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) IS 'Counts new events of shop.orders into shop.orders_backwards: all of them, or at most max_events ids. Answers status (done, nothing new, busy), events counted, rows written, whether more is waiting.';

CREATE FUNCTION shop.count_orders_in_berlin(max_events bigint DEFAULT NULL::bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_hashagg TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET work_mem TO '128MB'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    AS $$
#variable_conflict use_column
declare
    run rollup.run := rollup.begin_run(array['orders_in_berlin'], max_events);
    span rollup.span;
    number bigint;
begin
    foreach span in array run.spans loop
        insert into shop.orders_in_berlin as r (
            bucket, most)
        select
            rollup.bucket_start('1 mon', 'Europe/Berlin', ordered_at),
            max(price)
          from shop.orders
         where id > span.after_id
           and id <= span.through_id
         group by 1
        on conflict (bucket) do update set
            most = coalesce(greatest(r.most, excluded.most), r.most, excluded.most);
        get diagnostics number = row_count;
        run.rows[1] := run.rows[1] + number;

        select count(*) into number
          from shop.orders
         where id > span.after_id
           and id <= span.through_id;
        run.events[1] := run.events[1] + number;
    end loop;

    select f.status, f.events, f.rows, f.more
      into status, events, rows, more
      from rollup.finish_run(run) f;
end
$$;

COMMENT ON FUNCTION shop.count_orders_in_berlin(max_events bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) IS 'Counts new events of shop.orders into shop.orders_in_berlin: all of them, or at most max_events ids. Answers status (done, nothing new, busy), events counted, rows written, whether more is waiting.';

CREATE FUNCTION shop.count_prices(max_events bigint DEFAULT NULL::bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_hashagg TO 'off'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET work_mem TO '128MB'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, MDY'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    AS $$
#variable_conflict use_column
declare
    run rollup.run := rollup.begin_run(array['prices'], max_events);
    span rollup.span;
    number bigint;
begin
    foreach span in array run.spans loop
        insert into shop.prices as r (
            customer_id, bucket, ratio)
        select
            customer_id,
            date_bin('1 day', ordered_at, timestamptz '2000-01-01 00:00:00+00'),
            sum(price / amount)
          from shop.orders
         where id > span.after_id
           and id <= span.through_id
         group by 1, 2
        on conflict (customer_id, bucket) do update set
            ratio = coalesce(r.ratio + excluded.ratio, r.ratio, excluded.ratio);
        get diagnostics number = row_count;
        run.rows[1] := run.rows[1] + number;

        select count(*) into number
          from shop.orders
         where id > span.after_id
           and id <= span.through_id;
        run.events[1] := run.events[1] + number;
    end loop;

    select f.status, f.events, f.rows, f.more
      into status, events, rows, more
      from rollup.finish_run(run) f;
end
$$;

COMMENT ON FUNCTION shop.count_prices(max_events bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) IS 'Counts new events of shop.orders into shop.prices: all of them, or at most max_events ids. Answers status (done, nothing new, busy), events counted, rows written, whether more is waiting.';

CREATE AGGREGATE rollup.top_union_agg(list jsonb) (
    SFUNC = array_append,
    STYPE = jsonb[],
    FINALFUNC = rollup.top_merge_all,
    PARALLEL = safe
);

COMMENT ON AGGREGATE rollup.top_union_agg(list jsonb) IS 'The union of top lists, with or without weights: what each item has in all of them. Read it with rollup.top.';

CREATE AGGREGATE rollup_compat.sum(public.hll) (
    SFUNC = public.hll_union,
    STYPE = public.hll,
    COMBINEFUNC = public.hll_union,
    PARALLEL = safe
);

COMMENT ON AGGREGATE rollup_compat.sum(public.hll) IS 'The union of sketches, as hll_union_agg makes it.';

CREATE AGGREGATE rollup_compat.topn_add_agg(item text) (
    SFUNC = array_append,
    STYPE = text[],
    FINALFUNC = rollup_compat.topn_add_final,
    PARALLEL = safe
);

COMMENT ON AGGREGATE rollup_compat.topn_add_agg(item text) IS 'TopN. Counts items: exact, then cut to topn.number_of_counters.';

CREATE AGGREGATE rollup_compat.topn_union_agg(item_counter jsonb) (
    SFUNC = array_append,
    STYPE = jsonb[],
    FINALFUNC = rollup_compat.topn_union_final,
    PARALLEL = safe
);

COMMENT ON AGGREGATE rollup_compat.topn_union_agg(item_counter jsonb) IS 'TopN. The union of counter objects, cut to topn.number_of_counters.';

CREATE OPERATOR rollup_compat.+ (
    FUNCTION = rollup_compat.topn_union,
    LEFTARG = jsonb,
    RIGHTARG = jsonb,
    COMMUTATOR = OPERATOR(rollup_compat.+)
);

COMMENT ON OPERATOR rollup_compat.+ (jsonb, jsonb) IS 'TopN. The union of two counter objects: topn_union.';

CREATE TABLE partman.template_public_events (
    event_id bigint NOT NULL,
    event_time timestamp with time zone NOT NULL,
    customer_id bigint NOT NULL,
    event_type text,
    country text,
    browser text,
    device_id bigint,
    session_id bigint,
    user_id text,
    path text,
    source text,
    campaign text,
    product_id text,
    category text,
    quantity integer,
    amount numeric,
    currency text,
    value double precision,
    status text,
    properties jsonb
);

CREATE TABLE public.events (
    event_id bigint NOT NULL,
    event_time timestamp with time zone DEFAULT now() NOT NULL,
    customer_id bigint NOT NULL,
    event_type text,
    country text,
    browser text,
    device_id bigint,
    session_id bigint,
    user_id text,
    path text,
    source text,
    campaign text,
    product_id text,
    category text,
    quantity integer,
    amount numeric,
    currency text,
    value double precision,
    status text,
    properties jsonb,
    CONSTRAINT events_amount_is_a_number CHECK (((amount < 'Infinity'::numeric) AND (amount > '-Infinity'::numeric))),
    CONSTRAINT events_currency_is_a_code CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT events_value_is_a_number CHECK (((value < 'Infinity'::double precision) AND (value > '-Infinity'::double precision)))
)
PARTITION BY RANGE (event_time);

COMMENT ON TABLE public.events IS 'Raw events, partitioned by event_time and sharded by customer_id. Leave event_id out of every insert: rollups find new events by the order in which its sequence hands out ids.';

COMMENT ON COLUMN public.events.user_id IS 'Who it was, where that is known.';

COMMENT ON COLUMN public.events.path IS 'The page or screen.';

COMMENT ON COLUMN public.events.source IS 'Where the visitor came from: a search engine, a newsletter.';

COMMENT ON COLUMN public.events.campaign IS 'What made the visitor come.';

COMMENT ON COLUMN public.events.product_id IS 'What was seen, put into the cart, bought or sent back.';

COMMENT ON COLUMN public.events.category IS 'What kind of product that is.';

COMMENT ON COLUMN public.events.quantity IS 'How many of it; below zero when they come back.';

COMMENT ON COLUMN public.events.amount IS 'Money, in the currency that stands beside it; below zero when it is paid back.';

COMMENT ON COLUMN public.events.currency IS 'Three capital letters, as in ISO 4217: EUR. Amounts in different ones do not add up.';

COMMENT ON COLUMN public.events.value IS 'Any other number: seconds, a score, a length.';

COMMENT ON COLUMN public.events.status IS 'What became of it: paid, failed, shipped.';

COMMENT ON COLUMN public.events.properties IS 'All the rest. What a rollup groups by or adds up is faster, and checked, as a column.';

CREATE SEQUENCE public.events_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.events_event_id_seq OWNED BY public.events.event_id;

CREATE TABLE public.events_default (
    event_id bigint DEFAULT nextval('public.events_event_id_seq'::regclass) NOT NULL,
    event_time timestamp with time zone DEFAULT now() NOT NULL,
    customer_id bigint NOT NULL,
    event_type text,
    country text,
    browser text,
    device_id bigint,
    session_id bigint,
    user_id text,
    path text,
    source text,
    campaign text,
    product_id text,
    category text,
    quantity integer,
    amount numeric,
    currency text,
    value double precision,
    status text,
    properties jsonb,
    CONSTRAINT events_amount_is_a_number CHECK (((amount < 'Infinity'::numeric) AND (amount > '-Infinity'::numeric))),
    CONSTRAINT events_currency_is_a_code CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT events_value_is_a_number CHECK (((value < 'Infinity'::double precision) AND (value > '-Infinity'::double precision)))
);

COMMENT ON COLUMN public.events_default.user_id IS 'Who it was, where that is known.';

COMMENT ON COLUMN public.events_default.path IS 'The page or screen.';

COMMENT ON COLUMN public.events_default.source IS 'Where the visitor came from: a search engine, a newsletter.';

COMMENT ON COLUMN public.events_default.campaign IS 'What made the visitor come.';

COMMENT ON COLUMN public.events_default.product_id IS 'What was seen, put into the cart, bought or sent back.';

COMMENT ON COLUMN public.events_default.category IS 'What kind of product that is.';

COMMENT ON COLUMN public.events_default.quantity IS 'How many of it; below zero when they come back.';

COMMENT ON COLUMN public.events_default.amount IS 'Money, in the currency that stands beside it; below zero when it is paid back.';

COMMENT ON COLUMN public.events_default.currency IS 'Three capital letters, as in ISO 4217: EUR. Amounts in different ones do not add up.';

COMMENT ON COLUMN public.events_default.value IS 'Any other number: seconds, a score, a length.';

COMMENT ON COLUMN public.events_default.status IS 'What became of it: paid, failed, shipped.';

COMMENT ON COLUMN public.events_default.properties IS 'All the rest. What a rollup groups by or adds up is faster, and checked, as a column.';

CREATE TABLE public.events_p2026_11_21 (
    event_id bigint DEFAULT nextval('public.events_event_id_seq'::regclass) NOT NULL,
    event_time timestamp with time zone DEFAULT now() NOT NULL,
    customer_id bigint NOT NULL,
    event_type text,
    country text,
    browser text,
    device_id bigint,
    session_id bigint,
    user_id text,
    path text,
    source text,
    campaign text,
    product_id text,
    category text,
    quantity integer,
    amount numeric,
    currency text,
    value double precision,
    status text,
    properties jsonb,
    CONSTRAINT events_amount_is_a_number CHECK (((amount < 'Infinity'::numeric) AND (amount > '-Infinity'::numeric))),
    CONSTRAINT events_currency_is_a_code CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT events_value_is_a_number CHECK (((value < 'Infinity'::double precision) AND (value > '-Infinity'::double precision)))
);

COMMENT ON COLUMN public.events_p2026_11_21.user_id IS 'Who it was, where that is known.';

COMMENT ON COLUMN public.events_p2026_11_21.path IS 'The page or screen.';

COMMENT ON COLUMN public.events_p2026_11_21.source IS 'Where the visitor came from: a search engine, a newsletter.';

COMMENT ON COLUMN public.events_p2026_11_21.campaign IS 'What made the visitor come.';

COMMENT ON COLUMN public.events_p2026_11_21.product_id IS 'What was seen, put into the cart, bought or sent back.';

COMMENT ON COLUMN public.events_p2026_11_21.category IS 'What kind of product that is.';

COMMENT ON COLUMN public.events_p2026_11_21.quantity IS 'How many of it; below zero when they come back.';

COMMENT ON COLUMN public.events_p2026_11_21.amount IS 'Money, in the currency that stands beside it; below zero when it is paid back.';

COMMENT ON COLUMN public.events_p2026_11_21.currency IS 'Three capital letters, as in ISO 4217: EUR. Amounts in different ones do not add up.';

COMMENT ON COLUMN public.events_p2026_11_21.value IS 'Any other number: seconds, a score, a length.';

COMMENT ON COLUMN public.events_p2026_11_21.status IS 'What became of it: paid, failed, shipped.';

COMMENT ON COLUMN public.events_p2026_11_21.properties IS 'All the rest. What a rollup groups by or adds up is faster, and checked, as a column.';

CREATE TABLE public.events_p2026_11_22 (
    event_id bigint DEFAULT nextval('public.events_event_id_seq'::regclass) NOT NULL,
    event_time timestamp with time zone DEFAULT now() NOT NULL,
    customer_id bigint NOT NULL,
    event_type text,
    country text,
    browser text,
    device_id bigint,
    session_id bigint,
    user_id text,
    path text,
    source text,
    campaign text,
    product_id text,
    category text,
    quantity integer,
    amount numeric,
    currency text,
    value double precision,
    status text,
    properties jsonb,
    CONSTRAINT events_amount_is_a_number CHECK (((amount < 'Infinity'::numeric) AND (amount > '-Infinity'::numeric))),
    CONSTRAINT events_currency_is_a_code CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT events_value_is_a_number CHECK (((value < 'Infinity'::double precision) AND (value > '-Infinity'::double precision)))
);

COMMENT ON COLUMN public.events_p2026_11_22.user_id IS 'Who it was, where that is known.';

COMMENT ON COLUMN public.events_p2026_11_22.path IS 'The page or screen.';

COMMENT ON COLUMN public.events_p2026_11_22.source IS 'Where the visitor came from: a search engine, a newsletter.';

COMMENT ON COLUMN public.events_p2026_11_22.campaign IS 'What made the visitor come.';

COMMENT ON COLUMN public.events_p2026_11_22.product_id IS 'What was seen, put into the cart, bought or sent back.';

COMMENT ON COLUMN public.events_p2026_11_22.category IS 'What kind of product that is.';

COMMENT ON COLUMN public.events_p2026_11_22.quantity IS 'How many of it; below zero when they come back.';

COMMENT ON COLUMN public.events_p2026_11_22.amount IS 'Money, in the currency that stands beside it; below zero when it is paid back.';

COMMENT ON COLUMN public.events_p2026_11_22.currency IS 'Three capital letters, as in ISO 4217: EUR. Amounts in different ones do not add up.';

COMMENT ON COLUMN public.events_p2026_11_22.value IS 'Any other number: seconds, a score, a length.';

COMMENT ON COLUMN public.events_p2026_11_22.status IS 'What became of it: paid, failed, shipped.';

COMMENT ON COLUMN public.events_p2026_11_22.properties IS 'All the rest. What a rollup groups by or adds up is faster, and checked, as a column.';

CREATE TABLE public.events_p2026_11_23 (
    event_id bigint DEFAULT nextval('public.events_event_id_seq'::regclass) NOT NULL,
    event_time timestamp with time zone DEFAULT now() NOT NULL,
    customer_id bigint NOT NULL,
    event_type text,
    country text,
    browser text,
    device_id bigint,
    session_id bigint,
    user_id text,
    path text,
    source text,
    campaign text,
    product_id text,
    category text,
    quantity integer,
    amount numeric,
    currency text,
    value double precision,
    status text,
    properties jsonb,
    CONSTRAINT events_amount_is_a_number CHECK (((amount < 'Infinity'::numeric) AND (amount > '-Infinity'::numeric))),
    CONSTRAINT events_currency_is_a_code CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT events_value_is_a_number CHECK (((value < 'Infinity'::double precision) AND (value > '-Infinity'::double precision)))
);

COMMENT ON COLUMN public.events_p2026_11_23.user_id IS 'Who it was, where that is known.';

COMMENT ON COLUMN public.events_p2026_11_23.path IS 'The page or screen.';

COMMENT ON COLUMN public.events_p2026_11_23.source IS 'Where the visitor came from: a search engine, a newsletter.';

COMMENT ON COLUMN public.events_p2026_11_23.campaign IS 'What made the visitor come.';

COMMENT ON COLUMN public.events_p2026_11_23.product_id IS 'What was seen, put into the cart, bought or sent back.';

COMMENT ON COLUMN public.events_p2026_11_23.category IS 'What kind of product that is.';

COMMENT ON COLUMN public.events_p2026_11_23.quantity IS 'How many of it; below zero when they come back.';

COMMENT ON COLUMN public.events_p2026_11_23.amount IS 'Money, in the currency that stands beside it; below zero when it is paid back.';

COMMENT ON COLUMN public.events_p2026_11_23.currency IS 'Three capital letters, as in ISO 4217: EUR. Amounts in different ones do not add up.';

COMMENT ON COLUMN public.events_p2026_11_23.value IS 'Any other number: seconds, a score, a length.';

COMMENT ON COLUMN public.events_p2026_11_23.status IS 'What became of it: paid, failed, shipped.';

COMMENT ON COLUMN public.events_p2026_11_23.properties IS 'All the rest. What a rollup groups by or adds up is faster, and checked, as a column.';

CREATE TABLE public.events_p2026_11_24 (
    event_id bigint DEFAULT nextval('public.events_event_id_seq'::regclass) NOT NULL,
    event_time timestamp with time zone DEFAULT now() NOT NULL,
    customer_id bigint NOT NULL,
    event_type text,
    country text,
    browser text,
    device_id bigint,
    session_id bigint,
    user_id text,
    path text,
    source text,
    campaign text,
    product_id text,
    category text,
    quantity integer,
    amount numeric,
    currency text,
    value double precision,
    status text,
    properties jsonb,
    CONSTRAINT events_amount_is_a_number CHECK (((amount < 'Infinity'::numeric) AND (amount > '-Infinity'::numeric))),
    CONSTRAINT events_currency_is_a_code CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT events_value_is_a_number CHECK (((value < 'Infinity'::double precision) AND (value > '-Infinity'::double precision)))
);

COMMENT ON COLUMN public.events_p2026_11_24.user_id IS 'Who it was, where that is known.';

COMMENT ON COLUMN public.events_p2026_11_24.path IS 'The page or screen.';

COMMENT ON COLUMN public.events_p2026_11_24.source IS 'Where the visitor came from: a search engine, a newsletter.';

COMMENT ON COLUMN public.events_p2026_11_24.campaign IS 'What made the visitor come.';

COMMENT ON COLUMN public.events_p2026_11_24.product_id IS 'What was seen, put into the cart, bought or sent back.';

COMMENT ON COLUMN public.events_p2026_11_24.category IS 'What kind of product that is.';

COMMENT ON COLUMN public.events_p2026_11_24.quantity IS 'How many of it; below zero when they come back.';

COMMENT ON COLUMN public.events_p2026_11_24.amount IS 'Money, in the currency that stands beside it; below zero when it is paid back.';

COMMENT ON COLUMN public.events_p2026_11_24.currency IS 'Three capital letters, as in ISO 4217: EUR. Amounts in different ones do not add up.';

COMMENT ON COLUMN public.events_p2026_11_24.value IS 'Any other number: seconds, a score, a length.';

COMMENT ON COLUMN public.events_p2026_11_24.status IS 'What became of it: paid, failed, shipped.';

COMMENT ON COLUMN public.events_p2026_11_24.properties IS 'All the rest. What a rollup groups by or adds up is faster, and checked, as a column.';

CREATE TABLE public.events_p2026_11_25 (
    event_id bigint DEFAULT nextval('public.events_event_id_seq'::regclass) NOT NULL,
    event_time timestamp with time zone DEFAULT now() NOT NULL,
    customer_id bigint NOT NULL,
    event_type text,
    country text,
    browser text,
    device_id bigint,
    session_id bigint,
    user_id text,
    path text,
    source text,
    campaign text,
    product_id text,
    category text,
    quantity integer,
    amount numeric,
    currency text,
    value double precision,
    status text,
    properties jsonb,
    CONSTRAINT events_amount_is_a_number CHECK (((amount < 'Infinity'::numeric) AND (amount > '-Infinity'::numeric))),
    CONSTRAINT events_currency_is_a_code CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT events_value_is_a_number CHECK (((value < 'Infinity'::double precision) AND (value > '-Infinity'::double precision)))
);

COMMENT ON COLUMN public.events_p2026_11_25.user_id IS 'Who it was, where that is known.';

COMMENT ON COLUMN public.events_p2026_11_25.path IS 'The page or screen.';

COMMENT ON COLUMN public.events_p2026_11_25.source IS 'Where the visitor came from: a search engine, a newsletter.';

COMMENT ON COLUMN public.events_p2026_11_25.campaign IS 'What made the visitor come.';

COMMENT ON COLUMN public.events_p2026_11_25.product_id IS 'What was seen, put into the cart, bought or sent back.';

COMMENT ON COLUMN public.events_p2026_11_25.category IS 'What kind of product that is.';

COMMENT ON COLUMN public.events_p2026_11_25.quantity IS 'How many of it; below zero when they come back.';

COMMENT ON COLUMN public.events_p2026_11_25.amount IS 'Money, in the currency that stands beside it; below zero when it is paid back.';

COMMENT ON COLUMN public.events_p2026_11_25.currency IS 'Three capital letters, as in ISO 4217: EUR. Amounts in different ones do not add up.';

COMMENT ON COLUMN public.events_p2026_11_25.value IS 'Any other number: seconds, a score, a length.';

COMMENT ON COLUMN public.events_p2026_11_25.status IS 'What became of it: paid, failed, shipped.';

COMMENT ON COLUMN public.events_p2026_11_25.properties IS 'All the rest. What a rollup groups by or adds up is faster, and checked, as a column.';

CREATE TABLE public.events_p2026_11_26 (
    event_id bigint DEFAULT nextval('public.events_event_id_seq'::regclass) NOT NULL,
    event_time timestamp with time zone DEFAULT now() NOT NULL,
    customer_id bigint NOT NULL,
    event_type text,
    country text,
    browser text,
    device_id bigint,
    session_id bigint,
    user_id text,
    path text,
    source text,
    campaign text,
    product_id text,
    category text,
    quantity integer,
    amount numeric,
    currency text,
    value double precision,
    status text,
    properties jsonb,
    CONSTRAINT events_amount_is_a_number CHECK (((amount < 'Infinity'::numeric) AND (amount > '-Infinity'::numeric))),
    CONSTRAINT events_currency_is_a_code CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT events_value_is_a_number CHECK (((value < 'Infinity'::double precision) AND (value > '-Infinity'::double precision)))
);

COMMENT ON COLUMN public.events_p2026_11_26.user_id IS 'Who it was, where that is known.';

COMMENT ON COLUMN public.events_p2026_11_26.path IS 'The page or screen.';

COMMENT ON COLUMN public.events_p2026_11_26.source IS 'Where the visitor came from: a search engine, a newsletter.';

COMMENT ON COLUMN public.events_p2026_11_26.campaign IS 'What made the visitor come.';

COMMENT ON COLUMN public.events_p2026_11_26.product_id IS 'What was seen, put into the cart, bought or sent back.';

COMMENT ON COLUMN public.events_p2026_11_26.category IS 'What kind of product that is.';

COMMENT ON COLUMN public.events_p2026_11_26.quantity IS 'How many of it; below zero when they come back.';

COMMENT ON COLUMN public.events_p2026_11_26.amount IS 'Money, in the currency that stands beside it; below zero when it is paid back.';

COMMENT ON COLUMN public.events_p2026_11_26.currency IS 'Three capital letters, as in ISO 4217: EUR. Amounts in different ones do not add up.';

COMMENT ON COLUMN public.events_p2026_11_26.value IS 'Any other number: seconds, a score, a length.';

COMMENT ON COLUMN public.events_p2026_11_26.status IS 'What became of it: paid, failed, shipped.';

COMMENT ON COLUMN public.events_p2026_11_26.properties IS 'All the rest. What a rollup groups by or adds up is faster, and checked, as a column.';

CREATE TABLE public.events_p2026_11_27 (
    event_id bigint DEFAULT nextval('public.events_event_id_seq'::regclass) NOT NULL,
    event_time timestamp with time zone DEFAULT now() NOT NULL,
    customer_id bigint NOT NULL,
    event_type text,
    country text,
    browser text,
    device_id bigint,
    session_id bigint,
    user_id text,
    path text,
    source text,
    campaign text,
    product_id text,
    category text,
    quantity integer,
    amount numeric,
    currency text,
    value double precision,
    status text,
    properties jsonb,
    CONSTRAINT events_amount_is_a_number CHECK (((amount < 'Infinity'::numeric) AND (amount > '-Infinity'::numeric))),
    CONSTRAINT events_currency_is_a_code CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT events_value_is_a_number CHECK (((value < 'Infinity'::double precision) AND (value > '-Infinity'::double precision)))
);

COMMENT ON COLUMN public.events_p2026_11_27.user_id IS 'Who it was, where that is known.';

COMMENT ON COLUMN public.events_p2026_11_27.path IS 'The page or screen.';

COMMENT ON COLUMN public.events_p2026_11_27.source IS 'Where the visitor came from: a search engine, a newsletter.';

COMMENT ON COLUMN public.events_p2026_11_27.campaign IS 'What made the visitor come.';

COMMENT ON COLUMN public.events_p2026_11_27.product_id IS 'What was seen, put into the cart, bought or sent back.';

COMMENT ON COLUMN public.events_p2026_11_27.category IS 'What kind of product that is.';

COMMENT ON COLUMN public.events_p2026_11_27.quantity IS 'How many of it; below zero when they come back.';

COMMENT ON COLUMN public.events_p2026_11_27.amount IS 'Money, in the currency that stands beside it; below zero when it is paid back.';

COMMENT ON COLUMN public.events_p2026_11_27.currency IS 'Three capital letters, as in ISO 4217: EUR. Amounts in different ones do not add up.';

COMMENT ON COLUMN public.events_p2026_11_27.value IS 'Any other number: seconds, a score, a length.';

COMMENT ON COLUMN public.events_p2026_11_27.status IS 'What became of it: paid, failed, shipped.';

COMMENT ON COLUMN public.events_p2026_11_27.properties IS 'All the rest. What a rollup groups by or adds up is faster, and checked, as a column.';

CREATE TABLE public.events_p2026_11_28 (
    event_id bigint DEFAULT nextval('public.events_event_id_seq'::regclass) NOT NULL,
    event_time timestamp with time zone DEFAULT now() NOT NULL,
    customer_id bigint NOT NULL,
    event_type text,
    country text,
    browser text,
    device_id bigint,
    session_id bigint,
    user_id text,
    path text,
    source text,
    campaign text,
    product_id text,
    category text,
    quantity integer,
    amount numeric,
    currency text,
    value double precision,
    status text,
    properties jsonb,
    CONSTRAINT events_amount_is_a_number CHECK (((amount < 'Infinity'::numeric) AND (amount > '-Infinity'::numeric))),
    CONSTRAINT events_currency_is_a_code CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT events_value_is_a_number CHECK (((value < 'Infinity'::double precision) AND (value > '-Infinity'::double precision)))
);

COMMENT ON COLUMN public.events_p2026_11_28.user_id IS 'Who it was, where that is known.';

COMMENT ON COLUMN public.events_p2026_11_28.path IS 'The page or screen.';

COMMENT ON COLUMN public.events_p2026_11_28.source IS 'Where the visitor came from: a search engine, a newsletter.';

COMMENT ON COLUMN public.events_p2026_11_28.campaign IS 'What made the visitor come.';

COMMENT ON COLUMN public.events_p2026_11_28.product_id IS 'What was seen, put into the cart, bought or sent back.';

COMMENT ON COLUMN public.events_p2026_11_28.category IS 'What kind of product that is.';

COMMENT ON COLUMN public.events_p2026_11_28.quantity IS 'How many of it; below zero when they come back.';

COMMENT ON COLUMN public.events_p2026_11_28.amount IS 'Money, in the currency that stands beside it; below zero when it is paid back.';

COMMENT ON COLUMN public.events_p2026_11_28.currency IS 'Three capital letters, as in ISO 4217: EUR. Amounts in different ones do not add up.';

COMMENT ON COLUMN public.events_p2026_11_28.value IS 'Any other number: seconds, a score, a length.';

COMMENT ON COLUMN public.events_p2026_11_28.status IS 'What became of it: paid, failed, shipped.';

COMMENT ON COLUMN public.events_p2026_11_28.properties IS 'All the rest. What a rollup groups by or adds up is faster, and checked, as a column.';

CREATE TABLE public.events_p2026_11_29 (
    event_id bigint DEFAULT nextval('public.events_event_id_seq'::regclass) NOT NULL,
    event_time timestamp with time zone DEFAULT now() NOT NULL,
    customer_id bigint NOT NULL,
    event_type text,
    country text,
    browser text,
    device_id bigint,
    session_id bigint,
    user_id text,
    path text,
    source text,
    campaign text,
    product_id text,
    category text,
    quantity integer,
    amount numeric,
    currency text,
    value double precision,
    status text,
    properties jsonb,
    CONSTRAINT events_amount_is_a_number CHECK (((amount < 'Infinity'::numeric) AND (amount > '-Infinity'::numeric))),
    CONSTRAINT events_currency_is_a_code CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT events_value_is_a_number CHECK (((value < 'Infinity'::double precision) AND (value > '-Infinity'::double precision)))
);

COMMENT ON COLUMN public.events_p2026_11_29.user_id IS 'Who it was, where that is known.';

COMMENT ON COLUMN public.events_p2026_11_29.path IS 'The page or screen.';

COMMENT ON COLUMN public.events_p2026_11_29.source IS 'Where the visitor came from: a search engine, a newsletter.';

COMMENT ON COLUMN public.events_p2026_11_29.campaign IS 'What made the visitor come.';

COMMENT ON COLUMN public.events_p2026_11_29.product_id IS 'What was seen, put into the cart, bought or sent back.';

COMMENT ON COLUMN public.events_p2026_11_29.category IS 'What kind of product that is.';

COMMENT ON COLUMN public.events_p2026_11_29.quantity IS 'How many of it; below zero when they come back.';

COMMENT ON COLUMN public.events_p2026_11_29.amount IS 'Money, in the currency that stands beside it; below zero when it is paid back.';

COMMENT ON COLUMN public.events_p2026_11_29.currency IS 'Three capital letters, as in ISO 4217: EUR. Amounts in different ones do not add up.';

COMMENT ON COLUMN public.events_p2026_11_29.value IS 'Any other number: seconds, a score, a length.';

COMMENT ON COLUMN public.events_p2026_11_29.status IS 'What became of it: paid, failed, shipped.';

COMMENT ON COLUMN public.events_p2026_11_29.properties IS 'All the rest. What a rollup groups by or adds up is faster, and checked, as a column.';

CREATE TABLE public.rollup_events_1hr (
    customer_id bigint NOT NULL,
    hour timestamp with time zone NOT NULL,
    event_type text,
    country text,
    browser text,
    event_count bigint,
    device_distinct_count public.hll(11,5,-1,1),
    session_distinct_count public.hll(11,5,-1,1),
    top_devices_1000 jsonb,
    last_session bigint
);

COMMENT ON TABLE public.rollup_events_1hr IS 'Events by customer, hour, event type, country and browser.';

COMMENT ON COLUMN public.rollup_events_1hr.last_session IS 'Complete from the bucket of 2026-11-25 12:00:00+00 on. See rollup.measures.';

CREATE VIEW public.rollup_events_1hr_bi WITH (security_invoker='true') AS
 SELECT r.customer_id,
    r.hour,
    r.event_type,
    r.country,
    r.browser,
    r.event_count,
    (round(public.hll_cardinality(r.device_distinct_count)))::bigint AS device_distinct_count,
    (round(public.hll_cardinality(r.session_distinct_count)))::bigint AS session_distinct_count,
    rollup.top_item(r.top_devices_1000) AS top_devices_1000_item,
    rollup.top_value(r.top_devices_1000) AS top_devices_1000_value,
    rollup.top_text(r.top_devices_1000) AS top_devices_1000_list,
    r.last_session
   FROM public.rollup_events_1hr r;

COMMENT ON VIEW public.rollup_events_1hr_bi IS 'Plain numbers of public.rollup_events_1hr, up to its watermark. Add up counts and sums only: distinct counts, averages and quantiles of several rows come from the sketches, sums and counts in public.rollup_events_1hr; see docs/rollups.md, "Several rows as one".
Added later: last_session is complete from the bucket of 2026-11-25 12:00:00+00 on.';

CREATE TABLE rollup.tails (
    rollup text NOT NULL,
    after_id bigint NOT NULL,
    through_id bigint NOT NULL
);

COMMENT ON TABLE rollup.tails IS 'Ranges of event ids that a rollup has not counted; see rollup.watermarks and rollup.backlogs.';

COMMENT ON COLUMN rollup.tails.after_id IS 'Ids above this one, up to and including through_id.';

CREATE VIEW public.rollup_events_1hr_live AS
 SELECT r.customer_id,
    r.hour,
    r.event_type,
    r.country,
    r.browser,
    r.event_count,
    r.device_distinct_count,
    r.session_distinct_count,
    r.top_devices_1000,
    r.last_session
   FROM public.rollup_events_1hr r
  WHERE (NOT (EXISTS ( SELECT
           FROM ( SELECT events.customer_id,
                    date_bin('01:00:00'::interval, events.event_time, '2000-01-01 00:00:00+00'::timestamp with time zone) AS hour,
                    events.event_type,
                    events.country,
                    events.browser
                   FROM (public.events
                     JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((events.event_id > "(tail)"."(after_id)") AND (events.event_id <= "(tail)"."(through_id)"))))
                  WHERE ("(tail)"."(rollup)" = 'rollup_events_1hr'::text)) t
          WHERE ((r.customer_id = t.customer_id) AND (r.hour = t.hour) AND (NOT (r.event_type IS DISTINCT FROM t.event_type)) AND (NOT (r.country IS DISTINCT FROM t.country)) AND (NOT (r.browser IS DISTINCT FROM t.browser))))))
UNION ALL
 SELECT t.customer_id,
    t.hour,
    t.event_type,
    t.country,
    t.browser,
    COALESCE((r.event_count + t.event_count), r.event_count, t.event_count) AS event_count,
    COALESCE(public.hll_union(r.device_distinct_count, t.device_distinct_count), r.device_distinct_count, t.device_distinct_count) AS device_distinct_count,
    COALESCE(public.hll_union(r.session_distinct_count, t.session_distinct_count), r.session_distinct_count, t.session_distinct_count) AS session_distinct_count,
    COALESCE(rollup.top_union(r.top_devices_1000, t.top_devices_1000, 1000), r.top_devices_1000, t.top_devices_1000) AS top_devices_1000,
    COALESCE(GREATEST(r.last_session, t.last_session), r.last_session, t.last_session) AS last_session
   FROM (( SELECT events.customer_id,
            date_bin('01:00:00'::interval, events.event_time, '2000-01-01 00:00:00+00'::timestamp with time zone) AS hour,
            events.event_type,
            events.country,
            events.browser,
            count(*) AS event_count,
            public.hll_add_agg(public.hll_hash_bigint(events.device_id), 11, 5, ('-1'::integer)::bigint, 1) AS device_distinct_count,
            public.hll_add_agg(public.hll_hash_bigint(events.session_id), 11, 5, ('-1'::integer)::bigint, 1) AS session_distinct_count,
            ( SELECT
                        CASE
                            WHEN (count(*) > 1000) THEN rollup.top_shortened(jsonb_object_agg(top.k, top.n), 1000)
                            ELSE COALESCE(jsonb_object_agg(top.k, top.n), '{}'::jsonb)
                        END AS "coalesce"
                   FROM ( SELECT k.k,
                            count(*) AS n
                           FROM unnest(array_agg(events.device_id)) k(k)
                          WHERE (k.k IS NOT NULL)
                          GROUP BY k.k) top) AS top_devices_1000,
            max(events.session_id) AS last_session
           FROM (public.events
             JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((events.event_id > "(tail)"."(after_id)") AND (events.event_id <= "(tail)"."(through_id)"))))
          WHERE ("(tail)"."(rollup)" = 'rollup_events_1hr'::text)
          GROUP BY events.customer_id, (date_bin('01:00:00'::interval, events.event_time, '2000-01-01 00:00:00+00'::timestamp with time zone)), events.event_type, events.country, events.browser) t
     LEFT JOIN public.rollup_events_1hr r ON (((r.customer_id = t.customer_id) AND (r.hour = t.hour) AND (NOT (r.event_type IS DISTINCT FROM t.event_type)) AND (NOT (r.country IS DISTINCT FROM t.country)) AND (NOT (r.browser IS DISTINCT FROM t.browser)))));

COMMENT ON VIEW public.rollup_events_1hr_live IS 'public.rollup_events_1hr, with the events of public.events that are not counted yet: exact now.
Added later: last_session is complete from the bucket of 2026-11-25 12:00:00+00 on.';

CREATE TABLE public.rollup_events_5min (
    customer_id bigint NOT NULL,
    minute timestamp with time zone NOT NULL,
    event_type text,
    country text,
    browser text,
    event_count bigint,
    device_distinct_count public.hll(11,5,-1,1),
    session_distinct_count public.hll(11,5,-1,1),
    top_devices_1000 jsonb
);

COMMENT ON TABLE public.rollup_events_5min IS 'Events by customer, 5 minutes (column minute), event type, country and browser.';

CREATE VIEW public.rollup_events_5min_bi WITH (security_invoker='true') AS
 SELECT r.customer_id,
    r.minute,
    r.event_type,
    r.country,
    r.browser,
    r.event_count,
    (round(public.hll_cardinality(r.device_distinct_count)))::bigint AS device_distinct_count,
    (round(public.hll_cardinality(r.session_distinct_count)))::bigint AS session_distinct_count,
    rollup.top_item(r.top_devices_1000) AS top_devices_1000_item,
    rollup.top_value(r.top_devices_1000) AS top_devices_1000_value,
    rollup.top_text(r.top_devices_1000) AS top_devices_1000_list
   FROM public.rollup_events_5min r;

COMMENT ON VIEW public.rollup_events_5min_bi IS 'Plain numbers of public.rollup_events_5min, up to its watermark. Add up counts and sums only: distinct counts, averages and quantiles of several rows come from the sketches, sums and counts in public.rollup_events_5min; see docs/rollups.md, "Several rows as one".';

CREATE VIEW public.rollup_events_5min_live AS
 SELECT r.customer_id,
    r.minute,
    r.event_type,
    r.country,
    r.browser,
    r.event_count,
    r.device_distinct_count,
    r.session_distinct_count,
    r.top_devices_1000
   FROM public.rollup_events_5min r
  WHERE (NOT (EXISTS ( SELECT
           FROM ( SELECT events.customer_id,
                    date_bin('00:05:00'::interval, events.event_time, '2000-01-01 00:00:00+00'::timestamp with time zone) AS minute,
                    events.event_type,
                    events.country,
                    events.browser
                   FROM (public.events
                     JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((events.event_id > "(tail)"."(after_id)") AND (events.event_id <= "(tail)"."(through_id)"))))
                  WHERE ("(tail)"."(rollup)" = 'rollup_events_5min'::text)) t
          WHERE ((r.customer_id = t.customer_id) AND (r.minute = t.minute) AND (NOT (r.event_type IS DISTINCT FROM t.event_type)) AND (NOT (r.country IS DISTINCT FROM t.country)) AND (NOT (r.browser IS DISTINCT FROM t.browser))))))
UNION ALL
 SELECT t.customer_id,
    t.minute,
    t.event_type,
    t.country,
    t.browser,
    COALESCE((r.event_count + t.event_count), r.event_count, t.event_count) AS event_count,
    COALESCE(public.hll_union(r.device_distinct_count, t.device_distinct_count), r.device_distinct_count, t.device_distinct_count) AS device_distinct_count,
    COALESCE(public.hll_union(r.session_distinct_count, t.session_distinct_count), r.session_distinct_count, t.session_distinct_count) AS session_distinct_count,
    COALESCE(rollup.top_union(r.top_devices_1000, t.top_devices_1000, 1000), r.top_devices_1000, t.top_devices_1000) AS top_devices_1000
   FROM (( SELECT events.customer_id,
            date_bin('00:05:00'::interval, events.event_time, '2000-01-01 00:00:00+00'::timestamp with time zone) AS minute,
            events.event_type,
            events.country,
            events.browser,
            count(*) AS event_count,
            public.hll_add_agg(public.hll_hash_bigint(events.device_id), 11, 5, ('-1'::integer)::bigint, 1) AS device_distinct_count,
            public.hll_add_agg(public.hll_hash_bigint(events.session_id), 11, 5, ('-1'::integer)::bigint, 1) AS session_distinct_count,
            ( SELECT
                        CASE
                            WHEN (count(*) > 1000) THEN rollup.top_shortened(jsonb_object_agg(top.k, top.n), 1000)
                            ELSE COALESCE(jsonb_object_agg(top.k, top.n), '{}'::jsonb)
                        END AS "coalesce"
                   FROM ( SELECT k.k,
                            count(*) AS n
                           FROM unnest(array_agg(events.device_id)) k(k)
                          WHERE (k.k IS NOT NULL)
                          GROUP BY k.k) top) AS top_devices_1000
           FROM (public.events
             JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((events.event_id > "(tail)"."(after_id)") AND (events.event_id <= "(tail)"."(through_id)"))))
          WHERE ("(tail)"."(rollup)" = 'rollup_events_5min'::text)
          GROUP BY events.customer_id, (date_bin('00:05:00'::interval, events.event_time, '2000-01-01 00:00:00+00'::timestamp with time zone)), events.event_type, events.country, events.browser) t
     LEFT JOIN public.rollup_events_5min r ON (((r.customer_id = t.customer_id) AND (r.minute = t.minute) AND (NOT (r.event_type IS DISTINCT FROM t.event_type)) AND (NOT (r.country IS DISTINCT FROM t.country)) AND (NOT (r.browser IS DISTINCT FROM t.browser)))));

COMMENT ON VIEW public.rollup_events_5min_live IS 'public.rollup_events_5min, with the events of public.events that are not counted yet: exact now.';

CREATE TABLE public.sales_1day (
    customer_id bigint NOT NULL,
    day timestamp with time zone NOT NULL,
    currency text,
    category text,
    orders bigint,
    refunds bigint,
    revenue numeric,
    quantity bigint,
    average_order_sum numeric,
    average_order_count bigint,
    buyers public.hll(11,5,-1,1),
    top_by_revenue jsonb,
    top_by_quantity jsonb
);

COMMENT ON TABLE public.sales_1day IS 'Orders and refunds by customer, day of UTC, currency and category.';

CREATE VIEW public.sales_1day_bi WITH (security_invoker='true') AS
 SELECT r.customer_id,
    r.day,
    r.currency,
    r.category,
    r.orders,
    r.refunds,
    r.revenue,
    r.quantity,
    (r.average_order_sum / (NULLIF(r.average_order_count, 0))::numeric) AS average_order,
    r.average_order_sum,
    r.average_order_count,
    (round(public.hll_cardinality(r.buyers)))::bigint AS buyers,
    rollup.top_item(r.top_by_revenue) AS top_by_revenue_item,
    rollup.top_value(r.top_by_revenue) AS top_by_revenue_value,
    rollup.top_text(r.top_by_revenue) AS top_by_revenue_list,
    rollup.top_item(r.top_by_quantity) AS top_by_quantity_item,
    rollup.top_value(r.top_by_quantity) AS top_by_quantity_value,
    rollup.top_text(r.top_by_quantity) AS top_by_quantity_list
   FROM public.sales_1day r;

COMMENT ON VIEW public.sales_1day_bi IS 'Plain numbers of public.sales_1day, up to its watermark. Add up counts and sums only: distinct counts, averages and quantiles of several rows come from the sketches, sums and counts in public.sales_1day; see docs/rollups.md, "Several rows as one".';

CREATE VIEW public.sales_1day_live AS
 SELECT r.customer_id,
    r.day,
    r.currency,
    r.category,
    r.orders,
    r.refunds,
    r.revenue,
    r.quantity,
    r.average_order_sum,
    r.average_order_count,
    r.buyers,
    r.top_by_revenue,
    r.top_by_quantity
   FROM public.sales_1day r
  WHERE (NOT (EXISTS ( SELECT
           FROM ( SELECT events.customer_id,
                    date_bin('1 day'::interval, events.event_time, '2000-01-01 00:00:00+00'::timestamp with time zone) AS day,
                    events.currency,
                    events.category
                   FROM (public.events
                     JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((events.event_id > "(tail)"."(after_id)") AND (events.event_id <= "(tail)"."(through_id)"))))
                  WHERE (("(tail)"."(rollup)" = 'sales_1day'::text) AND ((events.event_type = ANY (ARRAY['order'::text, 'refund'::text])) AND (events.status IS DISTINCT FROM 'failed'::text)))) t
          WHERE ((r.customer_id = t.customer_id) AND (r.day = t.day) AND (NOT (r.currency IS DISTINCT FROM t.currency)) AND (NOT (r.category IS DISTINCT FROM t.category))))))
UNION ALL
 SELECT t.customer_id,
    t.day,
    t.currency,
    t.category,
    COALESCE((r.orders + t.orders), r.orders, t.orders) AS orders,
    COALESCE((r.refunds + t.refunds), r.refunds, t.refunds) AS refunds,
    COALESCE((r.revenue + t.revenue), r.revenue, t.revenue) AS revenue,
    COALESCE((r.quantity + t.quantity), r.quantity, t.quantity) AS quantity,
    COALESCE((r.average_order_sum + t.average_order_sum), r.average_order_sum, t.average_order_sum) AS average_order_sum,
    COALESCE((r.average_order_count + t.average_order_count), r.average_order_count, t.average_order_count) AS average_order_count,
    COALESCE(public.hll_union(r.buyers, t.buyers), r.buyers, t.buyers) AS buyers,
    COALESCE(rollup.top_union(r.top_by_revenue, t.top_by_revenue, 1000), r.top_by_revenue, t.top_by_revenue) AS top_by_revenue,
    COALESCE(rollup.top_union(r.top_by_quantity, t.top_by_quantity, 1000), r.top_by_quantity, t.top_by_quantity) AS top_by_quantity
   FROM (( SELECT events.customer_id,
            date_bin('1 day'::interval, events.event_time, '2000-01-01 00:00:00+00'::timestamp with time zone) AS day,
            events.currency,
            events.category,
            count(*) FILTER (WHERE (events.event_type = 'order'::text)) AS orders,
            count(*) FILTER (WHERE (events.event_type = 'refund'::text)) AS refunds,
            sum(events.amount) AS revenue,
            sum(events.quantity) AS quantity,
            sum(events.amount) FILTER (WHERE (events.event_type = 'order'::text)) AS average_order_sum,
            count(events.amount) FILTER (WHERE (events.event_type = 'order'::text)) AS average_order_count,
            public.hll_add_agg(public.hll_hash_text(events.user_id), 11, 5, ('-1'::integer)::bigint, 1) FILTER (WHERE (events.event_type = 'order'::text)) AS buyers,
            rollup.top_list(array_agg(events.product_id), array_agg(events.amount), 1000) AS top_by_revenue,
            rollup.top_list(array_agg(events.product_id), array_agg((events.quantity)::numeric), 1000) AS top_by_quantity
           FROM (public.events
             JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((events.event_id > "(tail)"."(after_id)") AND (events.event_id <= "(tail)"."(through_id)"))))
          WHERE (("(tail)"."(rollup)" = 'sales_1day'::text) AND ((events.event_type = ANY (ARRAY['order'::text, 'refund'::text])) AND (events.status IS DISTINCT FROM 'failed'::text)))
          GROUP BY events.customer_id, (date_bin('1 day'::interval, events.event_time, '2000-01-01 00:00:00+00'::timestamp with time zone)), events.currency, events.category) t
     LEFT JOIN public.sales_1day r ON (((r.customer_id = t.customer_id) AND (r.day = t.day) AND (NOT (r.currency IS DISTINCT FROM t.currency)) AND (NOT (r.category IS DISTINCT FROM t.category)))));

COMMENT ON VIEW public.sales_1day_live IS 'public.sales_1day, with the events of public.events that are not counted yet: exact now.';

CREATE TABLE public.sales_1hr (
    customer_id bigint NOT NULL,
    hour timestamp with time zone NOT NULL,
    currency text,
    category text,
    orders bigint,
    refunds bigint,
    revenue numeric,
    quantity bigint,
    average_order_sum numeric,
    average_order_count bigint,
    buyers public.hll(11,5,-1,1),
    top_by_revenue jsonb,
    top_by_quantity jsonb
);

COMMENT ON TABLE public.sales_1hr IS 'Orders and refunds by customer, hour, currency and category.';

CREATE VIEW public.sales_1hr_bi WITH (security_invoker='true') AS
 SELECT r.customer_id,
    r.hour,
    r.currency,
    r.category,
    r.orders,
    r.refunds,
    r.revenue,
    r.quantity,
    (r.average_order_sum / (NULLIF(r.average_order_count, 0))::numeric) AS average_order,
    r.average_order_sum,
    r.average_order_count,
    (round(public.hll_cardinality(r.buyers)))::bigint AS buyers,
    rollup.top_item(r.top_by_revenue) AS top_by_revenue_item,
    rollup.top_value(r.top_by_revenue) AS top_by_revenue_value,
    rollup.top_text(r.top_by_revenue) AS top_by_revenue_list,
    rollup.top_item(r.top_by_quantity) AS top_by_quantity_item,
    rollup.top_value(r.top_by_quantity) AS top_by_quantity_value,
    rollup.top_text(r.top_by_quantity) AS top_by_quantity_list
   FROM public.sales_1hr r;

COMMENT ON VIEW public.sales_1hr_bi IS 'Plain numbers of public.sales_1hr, up to its watermark. Add up counts and sums only: distinct counts, averages and quantiles of several rows come from the sketches, sums and counts in public.sales_1hr; see docs/rollups.md, "Several rows as one".';

CREATE VIEW public.sales_1hr_live AS
 SELECT r.customer_id,
    r.hour,
    r.currency,
    r.category,
    r.orders,
    r.refunds,
    r.revenue,
    r.quantity,
    r.average_order_sum,
    r.average_order_count,
    r.buyers,
    r.top_by_revenue,
    r.top_by_quantity
   FROM public.sales_1hr r
  WHERE (NOT (EXISTS ( SELECT
           FROM ( SELECT events.customer_id,
                    date_bin('01:00:00'::interval, events.event_time, '2000-01-01 00:00:00+00'::timestamp with time zone) AS hour,
                    events.currency,
                    events.category
                   FROM (public.events
                     JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((events.event_id > "(tail)"."(after_id)") AND (events.event_id <= "(tail)"."(through_id)"))))
                  WHERE (("(tail)"."(rollup)" = 'sales_1hr'::text) AND ((events.event_type = ANY (ARRAY['order'::text, 'refund'::text])) AND (events.status IS DISTINCT FROM 'failed'::text)))) t
          WHERE ((r.customer_id = t.customer_id) AND (r.hour = t.hour) AND (NOT (r.currency IS DISTINCT FROM t.currency)) AND (NOT (r.category IS DISTINCT FROM t.category))))))
UNION ALL
 SELECT t.customer_id,
    t.hour,
    t.currency,
    t.category,
    COALESCE((r.orders + t.orders), r.orders, t.orders) AS orders,
    COALESCE((r.refunds + t.refunds), r.refunds, t.refunds) AS refunds,
    COALESCE((r.revenue + t.revenue), r.revenue, t.revenue) AS revenue,
    COALESCE((r.quantity + t.quantity), r.quantity, t.quantity) AS quantity,
    COALESCE((r.average_order_sum + t.average_order_sum), r.average_order_sum, t.average_order_sum) AS average_order_sum,
    COALESCE((r.average_order_count + t.average_order_count), r.average_order_count, t.average_order_count) AS average_order_count,
    COALESCE(public.hll_union(r.buyers, t.buyers), r.buyers, t.buyers) AS buyers,
    COALESCE(rollup.top_union(r.top_by_revenue, t.top_by_revenue, 1000), r.top_by_revenue, t.top_by_revenue) AS top_by_revenue,
    COALESCE(rollup.top_union(r.top_by_quantity, t.top_by_quantity, 1000), r.top_by_quantity, t.top_by_quantity) AS top_by_quantity
   FROM (( SELECT events.customer_id,
            date_bin('01:00:00'::interval, events.event_time, '2000-01-01 00:00:00+00'::timestamp with time zone) AS hour,
            events.currency,
            events.category,
            count(*) FILTER (WHERE (events.event_type = 'order'::text)) AS orders,
            count(*) FILTER (WHERE (events.event_type = 'refund'::text)) AS refunds,
            sum(events.amount) AS revenue,
            sum(events.quantity) AS quantity,
            sum(events.amount) FILTER (WHERE (events.event_type = 'order'::text)) AS average_order_sum,
            count(events.amount) FILTER (WHERE (events.event_type = 'order'::text)) AS average_order_count,
            public.hll_add_agg(public.hll_hash_text(events.user_id), 11, 5, ('-1'::integer)::bigint, 1) FILTER (WHERE (events.event_type = 'order'::text)) AS buyers,
            rollup.top_list(array_agg(events.product_id), array_agg(events.amount), 1000) AS top_by_revenue,
            rollup.top_list(array_agg(events.product_id), array_agg((events.quantity)::numeric), 1000) AS top_by_quantity
           FROM (public.events
             JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((events.event_id > "(tail)"."(after_id)") AND (events.event_id <= "(tail)"."(through_id)"))))
          WHERE (("(tail)"."(rollup)" = 'sales_1hr'::text) AND ((events.event_type = ANY (ARRAY['order'::text, 'refund'::text])) AND (events.status IS DISTINCT FROM 'failed'::text)))
          GROUP BY events.customer_id, (date_bin('01:00:00'::interval, events.event_time, '2000-01-01 00:00:00+00'::timestamp with time zone)), events.currency, events.category) t
     LEFT JOIN public.sales_1hr r ON (((r.customer_id = t.customer_id) AND (r.hour = t.hour) AND (NOT (r.currency IS DISTINCT FROM t.currency)) AND (NOT (r.category IS DISTINCT FROM t.category)))));

COMMENT ON VIEW public.sales_1hr_live IS 'public.sales_1hr, with the events of public.events that are not counted yet: exact now.';

CREATE TABLE rollup.backlogs (
    rollup text NOT NULL,
    node_group integer NOT NULL,
    after_id bigint NOT NULL,
    through_id bigint NOT NULL,
    first_size bigint NOT NULL,
    CONSTRAINT backlog_is_not_empty CHECK ((through_id > after_id))
);

COMMENT ON TABLE rollup.backlogs IS 'Ranges of event ids below a rollup''s watermark that it has not counted yet.';

COMMENT ON COLUMN rollup.backlogs.after_id IS 'Ids above this one, up to and including through_id.';

COMMENT ON COLUMN rollup.backlogs.first_size IS 'How many ids the range had at first: what is left of them tells how far a backfill is.';

CREATE TABLE rollup.runs (
    id bigint NOT NULL,
    rollup text NOT NULL,
    status text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone NOT NULL,
    events bigint DEFAULT 0 NOT NULL,
    rows bigint DEFAULT 0 NOT NULL,
    spans jsonb,
    message text,
    CONSTRAINT failure_says_why CHECK (((status = 'done'::text) OR (message IS NOT NULL))),
    CONSTRAINT status_is_known CHECK ((status = ANY (ARRAY['done'::text, 'put off'::text, 'failed'::text])))
);

COMMENT ON TABLE rollup.runs IS 'Runs that counted events, were put off or failed; kept for rollup.keep_runs (7 days).';

COMMENT ON COLUMN rollup.runs.finished_at IS 'For a run put off again and again for one reason: the last time.';

COMMENT ON COLUMN rollup.runs.events IS 'Events counted.';

COMMENT ON COLUMN rollup.runs.rows IS 'Rows of the target inserted or updated.';

COMMENT ON COLUMN rollup.runs.spans IS 'Ranges of ids counted: [{"node_group", "after_id", "through_id"}, …].';

CREATE TABLE rollup.watermarks (
    rollup text NOT NULL,
    node_group integer NOT NULL,
    last_id bigint NOT NULL,
    as_of timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE rollup.watermarks IS 'The last event id each rollup has counted, per node group. Moves in the transaction that counts.';

COMMENT ON COLUMN rollup.watermarks.as_of IS 'Every event committed before this time, on this node, is counted.';

CREATE VIEW rollup.status AS
 SELECT r.name,
    r.source,
    r.target,
    l.lag_events,
        CASE
            WHEN (l.lag_events IS NULL) THEN NULL::numeric
            WHEN (l.lag_events = 0) THEN (0)::numeric
            ELSE round(EXTRACT(epoch FROM LEAST((clock_timestamp() - COALESCE(w.as_of, r.created_at)), GREATEST((clock_timestamp() - l.oldest), '00:00:00'::interval))), 3)
        END AS lag_seconds,
    done.finished_at AS last_done,
    latest.finished_at AS last_run,
    latest.status AS last_status,
        CASE
            WHEN (latest.status <> 'done'::text) THEN latest.message
            ELSE NULL::text
        END AS last_message,
    (COALESCE(b.backlog_ids, (0)::numeric))::bigint AS backlog_ids,
    round(((100)::numeric * ((1)::numeric - COALESCE((b.backlog_ids / b.first_size), (0)::numeric))), 1) AS filled_percent
   FROM (((((rollup.rollups r
     CROSS JOIN LATERAL rollup.lag(r.name) l(lag_events, oldest))
     LEFT JOIN LATERAL ( SELECT min(watermarks.as_of) AS as_of
           FROM rollup.watermarks
          WHERE (watermarks.rollup = r.name)) w ON (true))
     LEFT JOIN LATERAL ( SELECT runs.finished_at,
            runs.status,
            runs.message
           FROM rollup.runs
          WHERE (runs.rollup = r.name)
          ORDER BY runs.id DESC
         LIMIT 1) latest ON (true))
     LEFT JOIN LATERAL ( SELECT runs.finished_at
           FROM rollup.runs
          WHERE ((runs.rollup = r.name) AND (runs.status = 'done'::text))
          ORDER BY runs.id DESC
         LIMIT 1) done ON (true))
     LEFT JOIN LATERAL ( SELECT sum((backlogs.through_id - backlogs.after_id)) AS backlog_ids,
            sum(backlogs.first_size) AS first_size
           FROM rollup.backlogs
          WHERE (backlogs.rollup = r.name)) b ON (true))
  ORDER BY r.id;

COMMENT ON VIEW rollup.status IS 'How far each rollup is behind, and how its last run went.';

COMMENT ON COLUMN rollup.status.lag_events IS 'Committed events above the watermark, not counted yet; NULL when the source is gone.';

COMMENT ON COLUMN rollup.status.lag_seconds IS 'How long the oldest of them may have been waiting: since its event_time, or since the last window if that is less.';

COMMENT ON COLUMN rollup.status.last_status IS 'Of the last run that counted, was put off or failed; runs over nothing new leave no trace.';

COMMENT ON COLUMN rollup.status.backlog_ids IS 'Ids below the watermark still to count, of a rollup that is filled newest first; see rollup.backfill.';

COMMENT ON COLUMN rollup.status.filled_percent IS 'How much of what it had to count at first it has: by ids, of nodes where some is left.';

CREATE VIEW reports.freshness AS
 SELECT status.name,
    status.lag_events,
    status.lag_seconds,
    status.last_status
   FROM rollup.status;

CREATE VIEW reports.history AS
 SELECT runs.rollup,
    runs.status,
    runs.started_at,
    runs.events
   FROM rollup.runs;

CREATE VIEW reports.marks AS
 SELECT watermarks.rollup,
    watermarks.last_id
   FROM rollup.watermarks;

CREATE TABLE shop.orders (
    id bigint NOT NULL,
    ordered_at timestamp with time zone NOT NULL,
    customer_id bigint NOT NULL,
    country text,
    "Product" text,
    amount integer,
    price numeric
);

CREATE VIEW shop.orders_1hr_live AS
 SELECT r.customer_id,
    r.bucket,
    r.country,
    r.orders,
    r.revenue,
    r.price_sum,
    r.price_count,
    r.latest,
    r.latest_at,
    r.latest_id,
    r.buyers,
    r.products
   FROM shop.orders_1hr r
  WHERE (NOT (EXISTS ( SELECT
           FROM ( SELECT orders.customer_id,
                    date_bin('01:00:00'::interval, orders.ordered_at, '2000-01-01 00:00:00+00'::timestamp with time zone) AS bucket,
                    orders.country
                   FROM (shop.orders
                     JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((orders.id > "(tail)"."(after_id)") AND (orders.id <= "(tail)"."(through_id)"))))
                  WHERE ("(tail)"."(rollup)" = 'orders_1hr'::text)) t
          WHERE ((r.customer_id = t.customer_id) AND (r.bucket = t.bucket) AND (NOT (r.country IS DISTINCT FROM t.country))))))
UNION ALL
 SELECT t.customer_id,
    t.bucket,
    t.country,
    COALESCE((r.orders + t.orders), r.orders, t.orders) AS orders,
    COALESCE((r.revenue + t.revenue), r.revenue, t.revenue) AS revenue,
    COALESCE((r.price_sum + t.price_sum), r.price_sum, t.price_sum) AS price_sum,
    COALESCE((r.price_count + t.price_count), r.price_count, t.price_count) AS price_count,
        CASE
            WHEN ((r.latest_id IS NULL) OR (ROW(t.latest_at, t.latest_id) > ROW(r.latest_at, r.latest_id))) THEN t.latest
            ELSE r.latest
        END AS latest,
        CASE
            WHEN ((r.latest_id IS NULL) OR (ROW(t.latest_at, t.latest_id) > ROW(r.latest_at, r.latest_id))) THEN t.latest_at
            ELSE r.latest_at
        END AS latest_at,
        CASE
            WHEN ((r.latest_id IS NULL) OR (ROW(t.latest_at, t.latest_id) > ROW(r.latest_at, r.latest_id))) THEN t.latest_id
            ELSE r.latest_id
        END AS latest_id,
    COALESCE(public.hll_union(r.buyers, t.buyers), r.buyers, t.buyers) AS buyers,
    COALESCE(rollup.top_union(r.products, t.products, 10), r.products, t.products) AS products
   FROM (( SELECT orders.customer_id,
            date_bin('01:00:00'::interval, orders.ordered_at, '2000-01-01 00:00:00+00'::timestamp with time zone) AS bucket,
            orders.country,
            count(*) AS orders,
            sum(orders.price) AS revenue,
            sum(orders.price) AS price_sum,
            count(orders.price) AS price_count,
            (array_agg(orders.price ORDER BY orders.ordered_at DESC NULLS LAST, orders.id DESC NULLS LAST) FILTER (WHERE (orders.price IS NOT NULL)))[1] AS latest,
            max(orders.ordered_at) FILTER (WHERE (orders.price IS NOT NULL)) AS latest_at,
            (array_agg(orders.id ORDER BY orders.ordered_at DESC NULLS LAST, orders.id DESC NULLS LAST) FILTER (WHERE (orders.price IS NOT NULL)))[1] AS latest_id,
            public.hll_add_agg(public.hll_hash_bigint(orders.customer_id), 11, 5, ('-1'::integer)::bigint, 1) AS buyers,
            ( SELECT
                        CASE
                            WHEN (count(*) > 10) THEN rollup.top_shortened(jsonb_object_agg(top.k, top.n), 10)
                            ELSE COALESCE(jsonb_object_agg(top.k, top.n), '{}'::jsonb)
                        END AS "coalesce"
                   FROM ( SELECT k.k,
                            count(*) AS n
                           FROM unnest(array_agg(rollup_compat.topn_item_key(orders."Product"))) k(k)
                          WHERE (k.k IS NOT NULL)
                          GROUP BY k.k) top) AS products
           FROM (shop.orders
             JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((orders.id > "(tail)"."(after_id)") AND (orders.id <= "(tail)"."(through_id)"))))
          WHERE ("(tail)"."(rollup)" = 'orders_1hr'::text)
          GROUP BY orders.customer_id, (date_bin('01:00:00'::interval, orders.ordered_at, '2000-01-01 00:00:00+00'::timestamp with time zone)), orders.country) t
     LEFT JOIN shop.orders_1hr r ON (((r.customer_id = t.customer_id) AND (r.bucket = t.bucket) AND (NOT (r.country IS DISTINCT FROM t.country)))));

COMMENT ON VIEW shop.orders_1hr_live IS 'shop.orders_1hr, with the events of shop.orders that are not counted yet: exact now.';

CREATE VIEW reports.now AS
 SELECT orders_1hr_live.bucket,
    orders_1hr_live.country,
    orders_1hr_live.orders
   FROM shop.orders_1hr_live;

CREATE VIEW shop.orders_1hr_bi WITH (security_invoker='true') AS
 SELECT r.customer_id,
    r.bucket,
    r.country,
    r.orders,
    r.revenue,
    (r.price_sum / (NULLIF(r.price_count, 0))::numeric) AS price,
    r.price_sum,
    r.price_count,
    r.latest,
    r.latest_at,
    (round(public.hll_cardinality(r.buyers)))::bigint AS buyers,
    rollup.top_item(r.products) AS products_item,
    rollup.top_value(r.products) AS products_value,
    rollup.top_text(r.products) AS products_list
   FROM shop.orders_1hr r;

COMMENT ON VIEW shop.orders_1hr_bi IS 'Plain numbers of shop.orders_1hr, up to its watermark. Add up counts and sums only: distinct counts, averages and quantiles of several rows come from the sketches, sums and counts in shop.orders_1hr; see docs/rollups.md, "Several rows as one".';

CREATE VIEW reports.revenue AS
 SELECT orders_1hr_bi.bucket,
    orders_1hr_bi.country,
    orders_1hr_bi.revenue,
    orders_1hr_bi.price,
    orders_1hr_bi.buyers
   FROM shop.orders_1hr_bi;

CREATE TABLE rollup.added_measures (
    rollup text NOT NULL,
    measure text NOT NULL,
    tenant text,
    valid_since timestamp with time zone NOT NULL,
    first_bucket timestamp with time zone,
    added_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE rollup.added_measures IS 'Measures that rollup.alter_rollup has added; see the view rollup.measures.';

COMMENT ON COLUMN rollup.added_measures.tenant IS 'NULL for all; else one for whom more has been filled in than for all.';

COMMENT ON COLUMN rollup.added_measures.valid_since IS 'The measure is complete from the bucket that starts here on; -infinity for all buckets.';

COMMENT ON COLUMN rollup.added_measures.first_bucket IS 'The rollup''s first bucket when the measure was added: what is left lies between.';

CREATE TABLE rollup.families (
    id bigint NOT NULL,
    function_name text
);

COMMENT ON TABLE rollup.families IS 'Rollups that share source, tenant, dimensions, measures and filter.';

COMMENT ON COLUMN rollup.families.function_name IS 'Qualified and quoted name of the function that counts for all members in one statement. NULL for a family of one, and on Citus, which pushes down no such statement: there each member is run by itself.';

ALTER TABLE rollup.families ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rollup.families_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE rollup.loads (
    source_table regclass NOT NULL,
    sha256 bytea NOT NULL,
    file_name text NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    loaded_at timestamp with time zone DEFAULT now() NOT NULL,
    loaded_by name DEFAULT CURRENT_USER NOT NULL,
    CONSTRAINT sha256_has_32_bytes CHECK ((length(sha256) = 32))
);

COMMENT ON TABLE rollup.loads IS 'Files that rollupctl load has loaded, known by content (SHA-256).';

CREATE VIEW rollup.measures AS
 SELECT r.name AS rollup,
    m.key AS measure,
    m.value AS definition,
    NULLIF(a.valid_since, '-infinity'::timestamp with time zone) AS valid_since,
        CASE
            WHEN (a.valid_since > '-infinity'::timestamp with time zone) THEN (a.valid_since - a.first_bucket)
            ELSE NULL::interval
        END AS still_to_fill,
    a.added_at
   FROM ((rollup.rollups r
     CROSS JOIN LATERAL json_each(r.measures) WITH ORDINALITY m(key, value, "position"))
     LEFT JOIN rollup.added_measures a ON (((a.rollup = r.name) AND (a.measure = m.key) AND (a.tenant IS NULL))))
  ORDER BY r.id, m."position";

COMMENT ON VIEW rollup.measures IS 'The measures of every rollup, and from which bucket on each is complete.';

COMMENT ON COLUMN rollup.measures.valid_since IS 'The measure is complete in buckets that start then or later; NULL: in all. Older buckets hold NULL, or only what late events have added: see rollup.backfill_measures.';

COMMENT ON COLUMN rollup.measures.still_to_fill IS 'From the rollup''s first bucket to valid_since; NULL when all is complete.';

COMMENT ON COLUMN rollup.measures.added_at IS 'When rollup.alter_rollup added it; NULL for a measure that was declared.';

CREATE TABLE rollup.migrations (
    version text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE rollup.migrations IS 'Versions of the rollup package this database has had installed.';

CREATE TABLE rollup.sources (
    source regclass NOT NULL,
    covered_from timestamp with time zone,
    expired_before timestamp with time zone,
    keep interval
);

COMMENT ON TABLE rollup.sources IS 'Sources of rollups.';

COMMENT ON COLUMN rollup.sources.covered_from IS 'Start of the earliest partition there has been; NULL without partitions. Where none is now, it was dropped.';

COMMENT ON COLUMN rollup.sources.expired_before IS 'rollup.expire has removed events before this time.';

COMMENT ON COLUMN rollup.sources.keep IS 'How long events are kept, see rollup.set_retention; NULL for ever.';

CREATE VIEW rollup.retention AS
 SELECT x.kind,
    x.name,
    x.relation,
    x.keep,
    x.expired_before,
    x.is_enforced
   FROM ( SELECT 'source'::text AS kind,
            ( SELECT format('%I.%I'::text, n.nspname, c.relname) AS format
                   FROM (pg_class c
                     JOIN pg_namespace n ON ((n.oid = c.relnamespace)))
                  WHERE (c.oid = (s.source)::oid)) AS name,
            s.source AS relation,
            s.keep,
            s.expired_before,
            (EXISTS ( SELECT
                   FROM rollup.rollups r
                  WHERE ((r.source)::oid = (s.source)::oid))) AS is_enforced
           FROM rollup.sources s
        UNION ALL
         SELECT 'rollup'::text,
            r.name,
            r.target,
            r.keep,
            r.expired_before,
            true
           FROM rollup.rollups r) x
  WHERE (x.name IS NOT NULL)
  ORDER BY x.kind DESC, x.name;

COMMENT ON VIEW rollup.retention IS 'How long each source and each rollup is kept; see rollup.set_retention.';

COMMENT ON COLUMN rollup.retention.kind IS 'source: its events; rollup: its rows.';

COMMENT ON COLUMN rollup.retention.keep IS 'Older than this goes with the next rollup.expire_all; NULL: kept for ever.';

COMMENT ON COLUMN rollup.retention.expired_before IS 'What is older than this has been removed.';

COMMENT ON COLUMN rollup.retention.is_enforced IS 'Whether rollup.expire_all goes by it: not for a source without rollups, as one may be about to be declared anew.';

ALTER TABLE rollup.rollups ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rollup.rollups_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE rollup.runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rollup.runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE rollup.samples (
    source regclass NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    heads jsonb NOT NULL,
    writers text[] NOT NULL
);

COMMENT ON TABLE rollup.samples IS 'What runs that were put off saw; kept for a day, 20 a source at most.';

COMMENT ON COLUMN rollup.samples.heads IS 'Last id handed out, by node group: {"0": {"last_id": 17}, …}.';

COMMENT ON COLUMN rollup.samples.writers IS 'Open writers as node group:virtual transaction.';

CREATE TABLE shop."Orders by day" (
    customer_id bigint NOT NULL,
    bucket timestamp with time zone NOT NULL,
    country text,
    orders bigint,
    revenue numeric,
    price_sum numeric,
    price_count bigint,
    latest numeric,
    latest_at timestamp with time zone,
    latest_id bigint,
    buyers public.hll(11,5,-1,1),
    products jsonb
);

CREATE VIEW shop."Orders by day_bi" WITH (security_invoker='true') AS
 SELECT r.customer_id,
    r.bucket,
    r.country,
    r.orders,
    r.revenue,
    (r.price_sum / (NULLIF(r.price_count, 0))::numeric) AS price,
    r.price_sum,
    r.price_count,
    r.latest,
    r.latest_at,
    (round(public.hll_cardinality(r.buyers)))::bigint AS buyers,
    rollup.top_item(r.products) AS products_item,
    rollup.top_value(r.products) AS products_value,
    rollup.top_text(r.products) AS products_list
   FROM shop."Orders by day" r;

COMMENT ON VIEW shop."Orders by day_bi" IS 'Plain numbers of shop."Orders by day", up to its watermark. Add up counts and sums only: distinct counts, averages and quantiles of several rows come from the sketches, sums and counts in shop."Orders by day"; see docs/rollups.md, "Several rows as one".';

CREATE VIEW shop."Orders by day_live" AS
 SELECT r.customer_id,
    r.bucket,
    r.country,
    r.orders,
    r.revenue,
    r.price_sum,
    r.price_count,
    r.latest,
    r.latest_at,
    r.latest_id,
    r.buyers,
    r.products
   FROM shop."Orders by day" r
  WHERE (NOT (EXISTS ( SELECT
           FROM ( SELECT orders.customer_id,
                    date_bin('1 day'::interval, orders.ordered_at, '2000-01-01 00:00:00+00'::timestamp with time zone) AS bucket,
                    orders.country
                   FROM (shop.orders
                     JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((orders.id > "(tail)"."(after_id)") AND (orders.id <= "(tail)"."(through_id)"))))
                  WHERE ("(tail)"."(rollup)" = 'Orders by day'::text)) t
          WHERE ((r.customer_id = t.customer_id) AND (r.bucket = t.bucket) AND (NOT (r.country IS DISTINCT FROM t.country))))))
UNION ALL
 SELECT t.customer_id,
    t.bucket,
    t.country,
    COALESCE((r.orders + t.orders), r.orders, t.orders) AS orders,
    COALESCE((r.revenue + t.revenue), r.revenue, t.revenue) AS revenue,
    COALESCE((r.price_sum + t.price_sum), r.price_sum, t.price_sum) AS price_sum,
    COALESCE((r.price_count + t.price_count), r.price_count, t.price_count) AS price_count,
        CASE
            WHEN ((r.latest_id IS NULL) OR (ROW(t.latest_at, t.latest_id) > ROW(r.latest_at, r.latest_id))) THEN t.latest
            ELSE r.latest
        END AS latest,
        CASE
            WHEN ((r.latest_id IS NULL) OR (ROW(t.latest_at, t.latest_id) > ROW(r.latest_at, r.latest_id))) THEN t.latest_at
            ELSE r.latest_at
        END AS latest_at,
        CASE
            WHEN ((r.latest_id IS NULL) OR (ROW(t.latest_at, t.latest_id) > ROW(r.latest_at, r.latest_id))) THEN t.latest_id
            ELSE r.latest_id
        END AS latest_id,
    COALESCE(public.hll_union(r.buyers, t.buyers), r.buyers, t.buyers) AS buyers,
    COALESCE(rollup.top_union(r.products, t.products, 10), r.products, t.products) AS products
   FROM (( SELECT orders.customer_id,
            date_bin('1 day'::interval, orders.ordered_at, '2000-01-01 00:00:00+00'::timestamp with time zone) AS bucket,
            orders.country,
            count(*) AS orders,
            sum(orders.price) AS revenue,
            sum(orders.price) AS price_sum,
            count(orders.price) AS price_count,
            (array_agg(orders.price ORDER BY orders.ordered_at DESC NULLS LAST, orders.id DESC NULLS LAST) FILTER (WHERE (orders.price IS NOT NULL)))[1] AS latest,
            max(orders.ordered_at) FILTER (WHERE (orders.price IS NOT NULL)) AS latest_at,
            (array_agg(orders.id ORDER BY orders.ordered_at DESC NULLS LAST, orders.id DESC NULLS LAST) FILTER (WHERE (orders.price IS NOT NULL)))[1] AS latest_id,
            public.hll_add_agg(public.hll_hash_bigint(orders.customer_id), 11, 5, ('-1'::integer)::bigint, 1) AS buyers,
            ( SELECT
                        CASE
                            WHEN (count(*) > 10) THEN rollup.top_shortened(jsonb_object_agg(top.k, top.n), 10)
                            ELSE COALESCE(jsonb_object_agg(top.k, top.n), '{}'::jsonb)
                        END AS "coalesce"
                   FROM ( SELECT k.k,
                            count(*) AS n
                           FROM unnest(array_agg(rollup_compat.topn_item_key(orders."Product"))) k(k)
                          WHERE (k.k IS NOT NULL)
                          GROUP BY k.k) top) AS products
           FROM (shop.orders
             JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((orders.id > "(tail)"."(after_id)") AND (orders.id <= "(tail)"."(through_id)"))))
          WHERE ("(tail)"."(rollup)" = 'Orders by day'::text)
          GROUP BY orders.customer_id, (date_bin('1 day'::interval, orders.ordered_at, '2000-01-01 00:00:00+00'::timestamp with time zone)), orders.country) t
     LEFT JOIN shop."Orders by day" r ON (((r.customer_id = t.customer_id) AND (r.bucket = t.bucket) AND (NOT (r.country IS DISTINCT FROM t.country)))));

COMMENT ON VIEW shop."Orders by day_live" IS 'shop."Orders by day", with the events of shop.orders that are not counted yet: exact now.';

CREATE TABLE shop.orders_backwards (
    customer_id bigint NOT NULL,
    bucket timestamp with time zone NOT NULL,
    orders bigint
);

CREATE VIEW shop.orders_backwards_bi WITH (security_invoker='true') AS
 SELECT r.customer_id,
    r.bucket,
    r.orders
   FROM shop.orders_backwards r;

COMMENT ON VIEW shop.orders_backwards_bi IS 'Plain numbers of shop.orders_backwards, up to its watermark. Add up counts and sums only: distinct counts, averages and quantiles of several rows come from the sketches, sums and counts in shop.orders_backwards; see docs/rollups.md, "Several rows as one".';

CREATE VIEW shop.orders_backwards_live AS
 SELECT r.customer_id,
    r.bucket,
    r.orders
   FROM shop.orders_backwards r
  WHERE (NOT (EXISTS ( SELECT
           FROM ( SELECT orders.customer_id,
                    date_bin('06:00:00'::interval, orders.ordered_at, '2000-01-01 00:00:00+00'::timestamp with time zone) AS bucket
                   FROM (shop.orders
                     JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((orders.id > "(tail)"."(after_id)") AND (orders.id <= "(tail)"."(through_id)"))))
                  WHERE ("(tail)"."(rollup)" = 'orders_backwards'::text)) t
          WHERE ((r.customer_id = t.customer_id) AND (r.bucket = t.bucket)))))
UNION ALL
 SELECT t.customer_id,
    t.bucket,
    COALESCE((r.orders + t.orders), r.orders, t.orders) AS orders
   FROM (( SELECT orders.customer_id,
            date_bin('06:00:00'::interval, orders.ordered_at, '2000-01-01 00:00:00+00'::timestamp with time zone) AS bucket,
            count(*) AS orders
           FROM (shop.orders
             JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((orders.id > "(tail)"."(after_id)") AND (orders.id <= "(tail)"."(through_id)"))))
          WHERE ("(tail)"."(rollup)" = 'orders_backwards'::text)
          GROUP BY orders.customer_id, (date_bin('06:00:00'::interval, orders.ordered_at, '2000-01-01 00:00:00+00'::timestamp with time zone))) t
     LEFT JOIN shop.orders_backwards r ON (((r.customer_id = t.customer_id) AND (r.bucket = t.bucket))));

COMMENT ON VIEW shop.orders_backwards_live IS 'shop.orders_backwards, with the events of shop.orders that are not counted yet: exact now.';

CREATE SEQUENCE shop.orders_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE shop.orders_id_seq OWNED BY shop.orders.id;

CREATE TABLE shop.orders_in_berlin (
    bucket timestamp with time zone NOT NULL,
    most numeric
)
PARTITION BY RANGE (bucket);

CREATE VIEW shop.orders_in_berlin_bi WITH (security_invoker='true') AS
 SELECT r.bucket,
    r.most
   FROM shop.orders_in_berlin r;

COMMENT ON VIEW shop.orders_in_berlin_bi IS 'Plain numbers of shop.orders_in_berlin, up to its watermark. Add up counts and sums only: distinct counts, averages and quantiles of several rows come from the sketches, sums and counts in shop.orders_in_berlin; see docs/rollups.md, "Several rows as one".';

CREATE TABLE shop.orders_in_berlin_default (
    bucket timestamp with time zone NOT NULL,
    most numeric
);

CREATE VIEW shop.orders_in_berlin_live AS
 SELECT r.bucket,
    r.most
   FROM shop.orders_in_berlin r
  WHERE (NOT (EXISTS ( SELECT
           FROM ( SELECT rollup.bucket_start('1 mon'::interval, 'Europe/Berlin'::text, orders.ordered_at) AS bucket
                   FROM (shop.orders
                     JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((orders.id > "(tail)"."(after_id)") AND (orders.id <= "(tail)"."(through_id)"))))
                  WHERE ("(tail)"."(rollup)" = 'orders_in_berlin'::text)) t
          WHERE (r.bucket = t.bucket))))
UNION ALL
 SELECT t.bucket,
    COALESCE(GREATEST(r.most, t.most), r.most, t.most) AS most
   FROM (( SELECT rollup.bucket_start('1 mon'::interval, 'Europe/Berlin'::text, orders.ordered_at) AS bucket,
            max(orders.price) AS most
           FROM (shop.orders
             JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((orders.id > "(tail)"."(after_id)") AND (orders.id <= "(tail)"."(through_id)"))))
          WHERE ("(tail)"."(rollup)" = 'orders_in_berlin'::text)
          GROUP BY (rollup.bucket_start('1 mon'::interval, 'Europe/Berlin'::text, orders.ordered_at))) t
     LEFT JOIN shop.orders_in_berlin r ON ((r.bucket = t.bucket)));

COMMENT ON VIEW shop.orders_in_berlin_live IS 'shop.orders_in_berlin, with the events of shop.orders that are not counted yet: exact now.';

CREATE TABLE shop.orders_in_berlin_p20260101 (
    bucket timestamp with time zone NOT NULL,
    most numeric
);

CREATE TABLE shop.orders_in_berlin_p20270101 (
    bucket timestamp with time zone NOT NULL,
    most numeric
);

CREATE TABLE shop.orders_in_berlin_p20280101 (
    bucket timestamp with time zone NOT NULL,
    most numeric
);

CREATE TABLE shop.orders_in_berlin_p20290101 (
    bucket timestamp with time zone NOT NULL,
    most numeric
);

CREATE TABLE shop.orders_in_berlin_p20300101 (
    bucket timestamp with time zone NOT NULL,
    most numeric
);

CREATE TABLE shop.prices (
    customer_id bigint NOT NULL,
    bucket timestamp with time zone NOT NULL,
    ratio numeric
);

CREATE VIEW shop.prices_bi WITH (security_invoker='true') AS
 SELECT r.customer_id,
    r.bucket,
    r.ratio
   FROM shop.prices r;

COMMENT ON VIEW shop.prices_bi IS 'Plain numbers of shop.prices, up to its watermark. Add up counts and sums only: distinct counts, averages and quantiles of several rows come from the sketches, sums and counts in shop.prices; see docs/rollups.md, "Several rows as one".';

CREATE VIEW shop.prices_live AS
 SELECT r.customer_id,
    r.bucket,
    r.ratio
   FROM shop.prices r
  WHERE (NOT (EXISTS ( SELECT
           FROM ( SELECT orders.customer_id,
                    date_bin('1 day'::interval, orders.ordered_at, '2000-01-01 00:00:00+00'::timestamp with time zone) AS bucket
                   FROM (shop.orders
                     JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((orders.id > "(tail)"."(after_id)") AND (orders.id <= "(tail)"."(through_id)"))))
                  WHERE ("(tail)"."(rollup)" = 'prices'::text)) t
          WHERE ((r.customer_id = t.customer_id) AND (r.bucket = t.bucket)))))
UNION ALL
 SELECT t.customer_id,
    t.bucket,
    COALESCE((r.ratio + t.ratio), r.ratio, t.ratio) AS ratio
   FROM (( SELECT orders.customer_id,
            date_bin('1 day'::interval, orders.ordered_at, '2000-01-01 00:00:00+00'::timestamp with time zone) AS bucket,
            sum((orders.price / (orders.amount)::numeric)) AS ratio
           FROM (shop.orders
             JOIN rollup.tails "(tail)"("(rollup)", "(after_id)", "(through_id)") ON (((orders.id > "(tail)"."(after_id)") AND (orders.id <= "(tail)"."(through_id)"))))
          WHERE ("(tail)"."(rollup)" = 'prices'::text)
          GROUP BY orders.customer_id, (date_bin('1 day'::interval, orders.ordered_at, '2000-01-01 00:00:00+00'::timestamp with time zone))) t
     LEFT JOIN shop.prices r ON (((r.customer_id = t.customer_id) AND (r.bucket = t.bucket))));

COMMENT ON VIEW shop.prices_live IS 'shop.prices, with the events of shop.orders that are not counted yet: exact now.';

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_default DEFAULT;

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_p2026_11_21 FOR VALUES FROM ('2026-11-21 00:00:00+00') TO ('2026-11-22 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_p2026_11_22 FOR VALUES FROM ('2026-11-22 00:00:00+00') TO ('2026-11-23 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_p2026_11_23 FOR VALUES FROM ('2026-11-23 00:00:00+00') TO ('2026-11-24 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_p2026_11_24 FOR VALUES FROM ('2026-11-24 00:00:00+00') TO ('2026-11-25 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_p2026_11_25 FOR VALUES FROM ('2026-11-25 00:00:00+00') TO ('2026-11-26 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_p2026_11_26 FOR VALUES FROM ('2026-11-26 00:00:00+00') TO ('2026-11-27 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_p2026_11_27 FOR VALUES FROM ('2026-11-27 00:00:00+00') TO ('2026-11-28 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_p2026_11_28 FOR VALUES FROM ('2026-11-28 00:00:00+00') TO ('2026-11-29 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_p2026_11_29 FOR VALUES FROM ('2026-11-29 00:00:00+00') TO ('2026-11-30 00:00:00+00');

ALTER TABLE ONLY shop.orders_in_berlin ATTACH PARTITION shop.orders_in_berlin_default DEFAULT;

ALTER TABLE ONLY shop.orders_in_berlin ATTACH PARTITION shop.orders_in_berlin_p20260101 FOR VALUES FROM ('2026-01-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');

ALTER TABLE ONLY shop.orders_in_berlin ATTACH PARTITION shop.orders_in_berlin_p20270101 FOR VALUES FROM ('2027-01-01 00:00:00+00') TO ('2028-01-01 00:00:00+00');

ALTER TABLE ONLY shop.orders_in_berlin ATTACH PARTITION shop.orders_in_berlin_p20280101 FOR VALUES FROM ('2028-01-01 00:00:00+00') TO ('2029-01-01 00:00:00+00');

ALTER TABLE ONLY shop.orders_in_berlin ATTACH PARTITION shop.orders_in_berlin_p20290101 FOR VALUES FROM ('2029-01-01 00:00:00+00') TO ('2030-01-01 00:00:00+00');

ALTER TABLE ONLY shop.orders_in_berlin ATTACH PARTITION shop.orders_in_berlin_p20300101 FOR VALUES FROM ('2030-01-01 00:00:00+00') TO ('2031-01-01 00:00:00+00');

ALTER TABLE ONLY public.events ALTER COLUMN event_id SET DEFAULT nextval('public.events_event_id_seq'::regclass);

ALTER TABLE ONLY shop.orders ALTER COLUMN id SET DEFAULT nextval('shop.orders_id_seq'::regclass);

INSERT INTO public.events_p2026_11_25 VALUES
	(1, '2026-11-25 00:17:00+00', 2, 'order', 'fr', 'firefox', 1, 1, 'u1', NULL, NULL, NULL, 'p1', 'books', 1, 11, 'EUR', NULL, NULL, NULL),
	(2, '2026-11-25 00:34:00+00', 3, 'refund', NULL, 'firefox', 2, 2, 'u2', NULL, NULL, NULL, 'p2', 'books', 1, 12, 'EUR', NULL, NULL, NULL),
	(3, '2026-11-25 00:51:00+00', 1, 'view', 'de', 'firefox', 3, 3, 'u3', NULL, NULL, NULL, 'p3', 'books', 1, 13, 'EUR', NULL, NULL, NULL),
	(4, '2026-11-25 01:08:00+00', 2, 'order', 'fr', 'firefox', 4, 4, 'u4', NULL, NULL, NULL, 'p0', 'books', 1, 14, 'EUR', NULL, NULL, NULL),
	(5, '2026-11-25 01:25:00+00', 3, 'refund', NULL, 'firefox', 5, 5, 'u0', NULL, NULL, NULL, 'p1', 'books', 1, 15, 'EUR', NULL, NULL, NULL),
	(6, '2026-11-25 01:42:00+00', 1, 'view', 'de', 'firefox', 6, 6, 'u1', NULL, NULL, NULL, 'p2', 'books', 1, 16, 'EUR', NULL, NULL, NULL),
	(7, '2026-11-25 01:59:00+00', 2, 'order', 'fr', 'firefox', 0, 7, 'u2', NULL, NULL, NULL, 'p3', 'books', 1, 17, 'EUR', NULL, NULL, NULL),
	(8, '2026-11-25 02:16:00+00', 3, 'refund', NULL, 'firefox', 1, 8, 'u3', NULL, NULL, NULL, 'p0', 'books', 1, 18, 'EUR', NULL, NULL, NULL),
	(9, '2026-11-25 02:33:00+00', 1, 'view', 'de', 'firefox', 2, 9, 'u4', NULL, NULL, NULL, 'p1', 'books', 1, 19, 'EUR', NULL, NULL, NULL),
	(10, '2026-11-25 02:50:00+00', 2, 'order', 'fr', 'firefox', 3, 10, 'u0', NULL, NULL, NULL, 'p2', 'books', 1, 20, 'EUR', NULL, NULL, NULL),
	(11, '2026-11-25 03:07:00+00', 3, 'refund', NULL, 'firefox', 4, 0, 'u1', NULL, NULL, NULL, 'p3', 'books', 1, 21, 'EUR', NULL, NULL, NULL),
	(12, '2026-11-25 03:24:00+00', 1, 'view', 'de', 'firefox', 5, 1, 'u2', NULL, NULL, NULL, 'p0', 'books', 1, 22, 'EUR', NULL, NULL, NULL),
	(13, '2026-11-25 03:41:00+00', 2, 'order', 'fr', 'firefox', 6, 2, 'u3', NULL, NULL, NULL, 'p1', 'books', 1, 23, 'EUR', NULL, NULL, NULL),
	(14, '2026-11-25 03:58:00+00', 3, 'refund', NULL, 'firefox', 0, 3, 'u4', NULL, NULL, NULL, 'p2', 'books', 1, 24, 'EUR', NULL, NULL, NULL),
	(15, '2026-11-25 04:15:00+00', 1, 'view', 'de', 'firefox', 1, 4, 'u0', NULL, NULL, NULL, 'p3', 'books', 1, 25, 'EUR', NULL, NULL, NULL),
	(16, '2026-11-25 04:32:00+00', 2, 'order', 'fr', 'firefox', 2, 5, 'u1', NULL, NULL, NULL, 'p0', 'books', 1, 26, 'EUR', NULL, NULL, NULL),
	(17, '2026-11-25 04:49:00+00', 3, 'refund', NULL, 'firefox', 3, 6, 'u2', NULL, NULL, NULL, 'p1', 'books', 1, 27, 'EUR', NULL, NULL, NULL),
	(18, '2026-11-25 05:06:00+00', 1, 'view', 'de', 'firefox', 4, 7, 'u3', NULL, NULL, NULL, 'p2', 'books', 1, 28, 'EUR', NULL, NULL, NULL),
	(19, '2026-11-25 05:23:00+00', 2, 'order', 'fr', 'firefox', 5, 8, 'u4', NULL, NULL, NULL, 'p3', 'books', 1, 29, 'EUR', NULL, NULL, NULL),
	(20, '2026-11-25 05:40:00+00', 3, 'refund', NULL, 'firefox', 6, 9, 'u0', NULL, NULL, NULL, 'p0', 'books', 1, 30, 'EUR', NULL, NULL, NULL),
	(21, '2026-11-25 05:57:00+00', 1, 'view', 'de', 'firefox', 0, 10, 'u1', NULL, NULL, NULL, 'p1', 'books', 1, 31, 'EUR', NULL, NULL, NULL),
	(22, '2026-11-25 06:14:00+00', 2, 'order', 'fr', 'firefox', 1, 0, 'u2', NULL, NULL, NULL, 'p2', 'books', 1, 32, 'EUR', NULL, NULL, NULL),
	(23, '2026-11-25 06:31:00+00', 3, 'refund', NULL, 'firefox', 2, 1, 'u3', NULL, NULL, NULL, 'p3', 'books', 1, 33, 'EUR', NULL, NULL, NULL),
	(24, '2026-11-25 06:48:00+00', 1, 'view', 'de', 'firefox', 3, 2, 'u4', NULL, NULL, NULL, 'p0', 'books', 1, 34, 'EUR', NULL, NULL, NULL),
	(25, '2026-11-25 07:05:00+00', 2, 'order', 'fr', 'firefox', 4, 3, 'u0', NULL, NULL, NULL, 'p1', 'books', 1, 35, 'EUR', NULL, NULL, NULL),
	(26, '2026-11-25 07:22:00+00', 3, 'refund', NULL, 'firefox', 5, 4, 'u1', NULL, NULL, NULL, 'p2', 'books', 1, 36, 'EUR', NULL, NULL, NULL),
	(27, '2026-11-25 07:39:00+00', 1, 'view', 'de', 'firefox', 6, 5, 'u2', NULL, NULL, NULL, 'p3', 'books', 1, 37, 'EUR', NULL, NULL, NULL),
	(28, '2026-11-25 07:56:00+00', 2, 'order', 'fr', 'firefox', 0, 6, 'u3', NULL, NULL, NULL, 'p0', 'books', 1, 38, 'EUR', NULL, NULL, NULL),
	(29, '2026-11-25 08:13:00+00', 3, 'refund', NULL, 'firefox', 1, 7, 'u4', NULL, NULL, NULL, 'p1', 'books', 1, 39, 'EUR', NULL, NULL, NULL),
	(30, '2026-11-25 08:30:00+00', 1, 'view', 'de', 'firefox', 2, 8, 'u0', NULL, NULL, NULL, 'p2', 'books', 1, 40, 'EUR', NULL, NULL, NULL),
	(31, '2026-11-25 08:47:00+00', 2, 'order', 'fr', 'firefox', 3, 9, 'u1', NULL, NULL, NULL, 'p3', 'books', 1, 41, 'EUR', NULL, NULL, NULL),
	(32, '2026-11-25 09:04:00+00', 3, 'refund', NULL, 'firefox', 4, 10, 'u2', NULL, NULL, NULL, 'p0', 'books', 1, 42, 'EUR', NULL, NULL, NULL),
	(33, '2026-11-25 09:21:00+00', 1, 'view', 'de', 'firefox', 5, 0, 'u3', NULL, NULL, NULL, 'p1', 'books', 1, 43, 'EUR', NULL, NULL, NULL),
	(34, '2026-11-25 09:38:00+00', 2, 'order', 'fr', 'firefox', 6, 1, 'u4', NULL, NULL, NULL, 'p2', 'books', 1, 44, 'EUR', NULL, NULL, NULL),
	(35, '2026-11-25 09:55:00+00', 3, 'refund', NULL, 'firefox', 0, 2, 'u0', NULL, NULL, NULL, 'p3', 'books', 1, 45, 'EUR', NULL, NULL, NULL),
	(36, '2026-11-25 10:12:00+00', 1, 'view', 'de', 'firefox', 1, 3, 'u1', NULL, NULL, NULL, 'p0', 'books', 1, 46, 'EUR', NULL, NULL, NULL),
	(37, '2026-11-25 10:29:00+00', 2, 'order', 'fr', 'firefox', 2, 4, 'u2', NULL, NULL, NULL, 'p1', 'books', 1, 47, 'EUR', NULL, NULL, NULL),
	(38, '2026-11-25 10:46:00+00', 3, 'refund', NULL, 'firefox', 3, 5, 'u3', NULL, NULL, NULL, 'p2', 'books', 1, 48, 'EUR', NULL, NULL, NULL),
	(39, '2026-11-25 11:03:00+00', 1, 'view', 'de', 'firefox', 4, 6, 'u4', NULL, NULL, NULL, 'p3', 'books', 1, 49, 'EUR', NULL, NULL, NULL),
	(40, '2026-11-25 11:20:00+00', 2, 'order', 'fr', 'firefox', 5, 7, 'u0', NULL, NULL, NULL, 'p0', 'books', 1, 50, 'EUR', NULL, NULL, NULL),
	(41, '2026-11-25 09:23:18.453074+00', 1, 'view', 'de', 'firefox', 1, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(42, '2026-11-25 09:23:18.453074+00', 2, 'order', 'fr', 'opera', 2, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(43, '2026-11-25 09:23:18.453074+00', 2, 'order', 'fr', 'opera', 2, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(44, '2026-11-25 09:23:18.453074+00', 2, 'order', 'fr', 'opera', 2, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(45, '2026-11-25 00:19:00+00', 2, 'view', 'de', 'opera', 1, 21, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(46, '2026-11-25 00:38:00+00', 3, 'view', 'de', 'opera', 2, 22, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(47, '2026-11-25 00:57:00+00', 1, 'view', 'de', 'opera', 3, 23, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(48, '2026-11-25 01:16:00+00', 2, 'view', 'de', 'opera', 4, 24, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(49, '2026-11-25 01:35:00+00', 3, 'view', 'de', 'opera', 0, 25, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(50, '2026-11-25 01:54:00+00', 1, 'view', 'de', 'opera', 1, 26, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.events_p2026_11_25 VALUES
	(51, '2026-11-25 02:13:00+00', 2, 'view', 'de', 'opera', 2, 27, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(52, '2026-11-25 02:32:00+00', 3, 'view', 'de', 'opera', 3, 28, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(53, '2026-11-25 02:51:00+00', 1, 'view', 'de', 'opera', 4, 29, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(54, '2026-11-25 03:10:00+00', 2, 'view', 'de', 'opera', 0, 30, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(55, '2026-11-25 03:29:00+00', 3, 'view', 'de', 'opera', 1, 31, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(56, '2026-11-25 03:48:00+00', 1, 'view', 'de', 'opera', 2, 32, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(57, '2026-11-25 04:07:00+00', 2, 'view', 'de', 'opera', 3, 33, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(58, '2026-11-25 04:26:00+00', 3, 'view', 'de', 'opera', 4, 34, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(59, '2026-11-25 04:45:00+00', 1, 'view', 'de', 'opera', 0, 35, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(60, '2026-11-25 05:04:00+00', 2, 'view', 'de', 'opera', 1, 36, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(61, '2026-11-25 05:23:00+00', 3, 'view', 'de', 'opera', 2, 37, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(62, '2026-11-25 05:42:00+00', 1, 'view', 'de', 'opera', 3, 38, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(63, '2026-11-25 06:01:00+00', 2, 'view', 'de', 'opera', 4, 39, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(64, '2026-11-25 06:20:00+00', 3, 'view', 'de', 'opera', 0, 40, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(65, '2026-11-25 09:23:19.181776+00', 1, 'view', 'de', 'firefox', 1, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(66, '2026-11-25 09:23:19.181776+00', 2, 'order', 'fr', 'opera', 2, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(67, '2026-11-25 09:23:19.181776+00', 2, 'order', 'fr', 'opera', 2, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(68, '2026-11-25 09:23:19.181776+00', 2, 'order', 'fr', 'opera', 2, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(69, '2026-11-25 09:23:19.181776+00', 2, 'order', 'fr', 'opera', 2, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(70, '2026-11-25 09:23:19.181776+00', 2, 'order', 'fr', 'opera', 2, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(72, '2026-11-25 00:29:00+00', 2, 'view', 'fr', 'lynx', 1, 51, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(73, '2026-11-25 00:58:00+00', 3, 'view', 'fr', 'lynx', 2, 52, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(74, '2026-11-25 01:27:00+00', 1, 'view', 'fr', 'lynx', 3, 53, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(75, '2026-11-25 01:56:00+00', 2, 'view', 'fr', 'lynx', 4, 54, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(76, '2026-11-25 02:25:00+00', 3, 'view', 'fr', 'lynx', 0, 55, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(77, '2026-11-25 02:54:00+00', 1, 'view', 'fr', 'lynx', 1, 56, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(78, '2026-11-25 03:23:00+00', 2, 'view', 'fr', 'lynx', 2, 57, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(79, '2026-11-25 03:52:00+00', 3, 'view', 'fr', 'lynx', 3, 58, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(80, '2026-11-25 04:21:00+00', 1, 'view', 'fr', 'lynx', 4, 59, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(81, '2026-11-25 04:50:00+00', 2, 'view', 'fr', 'lynx', 0, 60, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(82, '2026-11-25 05:19:00+00', 3, 'view', 'fr', 'lynx', 1, 61, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(83, '2026-11-25 05:48:00+00', 1, 'view', 'fr', 'lynx', 2, 62, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(84, '2026-11-25 06:17:00+00', 2, 'view', 'fr', 'lynx', 3, 63, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(85, '2026-11-25 06:46:00+00', 3, 'view', 'fr', 'lynx', 4, 64, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(86, '2026-11-25 07:15:00+00', 1, 'view', 'fr', 'lynx', 0, 65, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

INSERT INTO public.rollup_events_1hr VALUES
	(1, '2026-11-25 00:00:00+00', 'view', 'de', 'firefox', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f5b3d5839b2488b0c', '{"3": 1}', NULL),
	(1, '2026-11-25 01:00:00+00', 'view', 'de', 'firefox', 1, '\x128b7f06c9ec78d52c2653', '\x128b7f06c9ec78d52c2653', '{"6": 1}', NULL),
	(1, '2026-11-25 02:00:00+00', 'view', 'de', 'firefox', 1, '\x128b7fde0820a06c76c0a8', '\x128b7f1b341d80dfead7e6', '{"2": 1}', NULL),
	(1, '2026-11-25 03:00:00+00', 'view', 'de', 'firefox', 1, '\x128b7f0fd4c5f69b6c771b', '\x128b7f004403b7fb05c44a', '{"5": 1}', NULL),
	(1, '2026-11-25 04:00:00+00', 'view', 'de', 'firefox', 1, '\x128b7f004403b7fb05c44a', '\x128b7fb419d210486ab6c1', '{"1": 1}', NULL),
	(1, '2026-11-25 05:00:00+00', 'view', 'de', 'firefox', 2, '\x128b7fb419d210486ab6c128df63b7cc57c3cb', '\x128b7f122f34392c621e7230e12993257f8fb2', '{"0": 1, "4": 1}', NULL),
	(1, '2026-11-25 06:00:00+00', 'view', 'de', 'firefox', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7fde0820a06c76c0a8', '{"3": 1}', NULL),
	(1, '2026-11-25 07:00:00+00', 'view', 'de', 'firefox', 1, '\x128b7f06c9ec78d52c2653', '\x128b7f0fd4c5f69b6c771b', '{"6": 1}', NULL),
	(1, '2026-11-25 08:00:00+00', 'view', 'de', 'firefox', 1, '\x128b7fde0820a06c76c0a8', '\x128b7f3987d28c06f0df79', '{"2": 1}', NULL),
	(1, '2026-11-25 10:00:00+00', 'view', 'de', 'firefox', 1, '\x128b7f004403b7fb05c44a', '\x128b7f5b3d5839b2488b0c', '{"1": 1}', NULL),
	(1, '2026-11-25 11:00:00+00', 'view', 'de', 'firefox', 1, '\x128b7fb419d210486ab6c1', '\x128b7f06c9ec78d52c2653', '{"4": 1}', NULL),
	(2, '2026-11-25 00:00:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f004403b7fb05c44a', '\x128b7f004403b7fb05c44a', '{"1": 1}', NULL),
	(2, '2026-11-25 01:00:00+00', 'order', 'fr', 'firefox', 2, '\x128b7fb419d210486ab6c128df63b7cc57c3cb', '\x128b7fb419d210486ab6c130e12993257f8fb2', '{"0": 1, "4": 1}', NULL),
	(2, '2026-11-25 02:00:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f122f34392c621e72', '{"3": 1}', NULL),
	(2, '2026-11-25 03:00:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f06c9ec78d52c2653', '\x128b7fde0820a06c76c0a8', '{"6": 1}', NULL),
	(2, '2026-11-25 04:00:00+00', 'order', 'fr', 'firefox', 1, '\x128b7fde0820a06c76c0a8', '\x128b7f0fd4c5f69b6c771b', '{"2": 1}', NULL),
	(2, '2026-11-25 05:00:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f0fd4c5f69b6c771b', '\x128b7f3987d28c06f0df79', '{"5": 1}', NULL),
	(2, '2026-11-25 06:00:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f004403b7fb05c44a', '\x128b7f28df63b7cc57c3cb', '{"1": 1}', NULL),
	(2, '2026-11-25 07:00:00+00', 'order', 'fr', 'firefox', 2, '\x128b7fb419d210486ab6c128df63b7cc57c3cb', '\x128b7f06c9ec78d52c26535b3d5839b2488b0c', '{"0": 1, "4": 1}', NULL),
	(2, '2026-11-25 08:00:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f1b341d80dfead7e6', '{"3": 1}', NULL),
	(2, '2026-11-25 09:00:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f06c9ec78d52c2653', '\x128b7f004403b7fb05c44a', '{"6": 1}', NULL),
	(2, '2026-11-25 10:00:00+00', 'order', 'fr', 'firefox', 1, '\x128b7fde0820a06c76c0a8', '\x128b7fb419d210486ab6c1', '{"2": 1}', NULL),
	(2, '2026-11-25 11:00:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f0fd4c5f69b6c771b', '\x128b7f30e12993257f8fb2', '{"5": 1}', NULL),
	(3, '2026-11-25 00:00:00+00', 'refund', NULL, 'firefox', 1, '\x128b7fde0820a06c76c0a8', '\x128b7fde0820a06c76c0a8', '{"2": 1}', NULL),
	(3, '2026-11-25 01:00:00+00', 'refund', NULL, 'firefox', 1, '\x128b7f0fd4c5f69b6c771b', '\x128b7f0fd4c5f69b6c771b', '{"5": 1}', NULL),
	(3, '2026-11-25 02:00:00+00', 'refund', NULL, 'firefox', 1, '\x128b7f004403b7fb05c44a', '\x128b7f3987d28c06f0df79', '{"1": 1}', NULL),
	(3, '2026-11-25 03:00:00+00', 'refund', NULL, 'firefox', 2, '\x128b7fb419d210486ab6c128df63b7cc57c3cb', '\x128b7f28df63b7cc57c3cb5b3d5839b2488b0c', '{"0": 1, "4": 1}', NULL),
	(3, '2026-11-25 04:00:00+00', 'refund', NULL, 'firefox', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f06c9ec78d52c2653', '{"3": 1}', NULL),
	(3, '2026-11-25 05:00:00+00', 'refund', NULL, 'firefox', 1, '\x128b7f06c9ec78d52c2653', '\x128b7f1b341d80dfead7e6', '{"6": 1}', NULL),
	(3, '2026-11-25 06:00:00+00', 'refund', NULL, 'firefox', 1, '\x128b7fde0820a06c76c0a8', '\x128b7f004403b7fb05c44a', '{"2": 1}', NULL),
	(3, '2026-11-25 07:00:00+00', 'refund', NULL, 'firefox', 1, '\x128b7f0fd4c5f69b6c771b', '\x128b7fb419d210486ab6c1', '{"5": 1}', NULL),
	(3, '2026-11-25 08:00:00+00', 'refund', NULL, 'firefox', 1, '\x128b7f004403b7fb05c44a', '\x128b7f30e12993257f8fb2', '{"1": 1}', NULL),
	(3, '2026-11-25 09:00:00+00', 'refund', NULL, 'firefox', 2, '\x128b7fb419d210486ab6c128df63b7cc57c3cb', '\x128b7fde0820a06c76c0a8122f34392c621e72', '{"0": 1, "4": 1}', NULL),
	(3, '2026-11-25 10:00:00+00', 'refund', NULL, 'firefox', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f0fd4c5f69b6c771b', '{"3": 1}', NULL),
	(1, '2026-11-25 00:00:00+00', 'view', 'de', 'opera', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f9d20bbb0641796f6', '{"3": 1}', NULL),
	(1, '2026-11-25 01:00:00+00', 'view', 'de', 'opera', 1, '\x128b7f004403b7fb05c44a', '\x128b7fede5659b5d065755', '{"1": 1}', NULL),
	(1, '2026-11-25 02:00:00+00', 'view', 'de', 'opera', 1, '\x128b7fb419d210486ab6c1', '\x128b7f81f2a259919f2774', '{"4": 1}', NULL),
	(1, '2026-11-25 03:00:00+00', 'view', 'de', 'opera', 1, '\x128b7fde0820a06c76c0a8', '\x128b7f5dd3155906639534', '{"2": 1}', NULL),
	(1, '2026-11-25 04:00:00+00', 'view', 'de', 'opera', 1, '\x128b7f28df63b7cc57c3cb', '\x128b7f0cc42e132ebe3b72', '{"0": 1}', NULL),
	(1, '2026-11-25 05:00:00+00', 'view', 'de', 'opera', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f7c95cc8f7e4eb81f', '{"3": 1}', NULL),
	(1, '2026-11-25 09:00:00+00', 'view', 'de', 'firefox', 3, '\x128b7f004403b7fb05c44a0fd4c5f69b6c771b', '\x128b7f004403b7fb05c44a28df63b7cc57c3cb', '{"1": 2, "5": 1}', NULL),
	(2, '2026-11-25 00:00:00+00', 'view', 'de', 'opera', 1, '\x128b7f004403b7fb05c44a', '\x128b7f613ba98a48623223', '{"1": 1}', NULL),
	(2, '2026-11-25 01:00:00+00', 'view', 'de', 'opera', 1, '\x128b7fb419d210486ab6c1', '\x128b7f95e1f7cacd292700', '{"4": 1}', NULL),
	(2, '2026-11-25 02:00:00+00', 'view', 'de', 'opera', 1, '\x128b7fde0820a06c76c0a8', '\x128b7fbfe4bdbaa6420f03', '{"2": 1}', NULL),
	(2, '2026-11-25 03:00:00+00', 'view', 'de', 'opera', 1, '\x128b7f28df63b7cc57c3cb', '\x128b7f258879438cb27936', '{"0": 1}', NULL),
	(2, '2026-11-25 04:00:00+00', 'view', 'de', 'opera', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f452ab01f369ec0e1', '{"3": 1}', NULL),
	(2, '2026-11-25 05:00:00+00', 'view', 'de', 'opera', 1, '\x128b7f004403b7fb05c44a', '\x128b7fadf758b0f584e260', '{"1": 1}', NULL),
	(2, '2026-11-25 06:00:00+00', 'view', 'de', 'opera', 1, '\x128b7fb419d210486ab6c1', '\x128b7f08e64642b914e956', '{"4": 1}', NULL),
	(2, '2026-11-25 09:00:00+00', 'order', 'fr', 'opera', 8, '\x128b7fde0820a06c76c0a8', '\x128b7fde0820a06c76c0a8', '{"2": 8}', NULL),
	(3, '2026-11-25 00:00:00+00', 'view', 'de', 'opera', 1, '\x128b7fde0820a06c76c0a8', '\x128b7fecc30e767cf1aecb', '{"2": 1}', NULL);
INSERT INTO public.rollup_events_1hr VALUES
	(3, '2026-11-25 01:00:00+00', 'view', 'de', 'opera', 1, '\x128b7f28df63b7cc57c3cb', '\x128b7f8a6ad49379c4bc2e', '{"0": 1}', NULL),
	(3, '2026-11-25 02:00:00+00', 'view', 'de', 'opera', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f2cae4638e0f299c3', '{"3": 1}', NULL),
	(3, '2026-11-25 03:00:00+00', 'view', 'de', 'opera', 1, '\x128b7f004403b7fb05c44a', '\x128b7f4f3bfc5185f87ccb', '{"1": 1}', NULL),
	(3, '2026-11-25 04:00:00+00', 'view', 'de', 'opera', 1, '\x128b7fb419d210486ab6c1', '\x128b7f60cac118726f70d5', '{"4": 1}', NULL),
	(3, '2026-11-25 05:00:00+00', 'view', 'de', 'opera', 1, '\x128b7fde0820a06c76c0a8', '\x128b7f89f2aa3947311277', '{"2": 1}', NULL),
	(3, '2026-11-25 06:00:00+00', 'view', 'de', 'opera', 1, '\x128b7f28df63b7cc57c3cb', '\x128b7f66b145853c3fa72b', '{"0": 1}', NULL);

INSERT INTO public.rollup_events_5min VALUES
	(1, '2026-11-25 00:50:00+00', 'view', 'de', 'firefox', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f5b3d5839b2488b0c', '{"3": 1}'),
	(1, '2026-11-25 01:40:00+00', 'view', 'de', 'firefox', 1, '\x128b7f06c9ec78d52c2653', '\x128b7f06c9ec78d52c2653', '{"6": 1}'),
	(1, '2026-11-25 02:30:00+00', 'view', 'de', 'firefox', 1, '\x128b7fde0820a06c76c0a8', '\x128b7f1b341d80dfead7e6', '{"2": 1}'),
	(1, '2026-11-25 03:20:00+00', 'view', 'de', 'firefox', 1, '\x128b7f0fd4c5f69b6c771b', '\x128b7f004403b7fb05c44a', '{"5": 1}'),
	(1, '2026-11-25 04:15:00+00', 'view', 'de', 'firefox', 1, '\x128b7f004403b7fb05c44a', '\x128b7fb419d210486ab6c1', '{"1": 1}'),
	(1, '2026-11-25 05:05:00+00', 'view', 'de', 'firefox', 1, '\x128b7fb419d210486ab6c1', '\x128b7f30e12993257f8fb2', '{"4": 1}'),
	(1, '2026-11-25 05:55:00+00', 'view', 'de', 'firefox', 1, '\x128b7f28df63b7cc57c3cb', '\x128b7f122f34392c621e72', '{"0": 1}'),
	(1, '2026-11-25 06:45:00+00', 'view', 'de', 'firefox', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7fde0820a06c76c0a8', '{"3": 1}'),
	(1, '2026-11-25 07:35:00+00', 'view', 'de', 'firefox', 1, '\x128b7f06c9ec78d52c2653', '\x128b7f0fd4c5f69b6c771b', '{"6": 1}'),
	(1, '2026-11-25 08:30:00+00', 'view', 'de', 'firefox', 1, '\x128b7fde0820a06c76c0a8', '\x128b7f3987d28c06f0df79', '{"2": 1}'),
	(1, '2026-11-25 10:10:00+00', 'view', 'de', 'firefox', 1, '\x128b7f004403b7fb05c44a', '\x128b7f5b3d5839b2488b0c', '{"1": 1}'),
	(1, '2026-11-25 11:00:00+00', 'view', 'de', 'firefox', 1, '\x128b7fb419d210486ab6c1', '\x128b7f06c9ec78d52c2653', '{"4": 1}'),
	(2, '2026-11-25 00:15:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f004403b7fb05c44a', '\x128b7f004403b7fb05c44a', '{"1": 1}'),
	(2, '2026-11-25 01:05:00+00', 'order', 'fr', 'firefox', 1, '\x128b7fb419d210486ab6c1', '\x128b7fb419d210486ab6c1', '{"4": 1}'),
	(2, '2026-11-25 01:55:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f28df63b7cc57c3cb', '\x128b7f30e12993257f8fb2', '{"0": 1}'),
	(2, '2026-11-25 02:50:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f122f34392c621e72', '{"3": 1}'),
	(2, '2026-11-25 03:40:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f06c9ec78d52c2653', '\x128b7fde0820a06c76c0a8', '{"6": 1}'),
	(2, '2026-11-25 04:30:00+00', 'order', 'fr', 'firefox', 1, '\x128b7fde0820a06c76c0a8', '\x128b7f0fd4c5f69b6c771b', '{"2": 1}'),
	(2, '2026-11-25 05:20:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f0fd4c5f69b6c771b', '\x128b7f3987d28c06f0df79', '{"5": 1}'),
	(2, '2026-11-25 06:10:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f004403b7fb05c44a', '\x128b7f28df63b7cc57c3cb', '{"1": 1}'),
	(2, '2026-11-25 07:05:00+00', 'order', 'fr', 'firefox', 1, '\x128b7fb419d210486ab6c1', '\x128b7f5b3d5839b2488b0c', '{"4": 1}'),
	(2, '2026-11-25 07:55:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f28df63b7cc57c3cb', '\x128b7f06c9ec78d52c2653', '{"0": 1}'),
	(2, '2026-11-25 08:45:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f1b341d80dfead7e6', '{"3": 1}'),
	(2, '2026-11-25 09:35:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f06c9ec78d52c2653', '\x128b7f004403b7fb05c44a', '{"6": 1}'),
	(2, '2026-11-25 10:25:00+00', 'order', 'fr', 'firefox', 1, '\x128b7fde0820a06c76c0a8', '\x128b7fb419d210486ab6c1', '{"2": 1}'),
	(2, '2026-11-25 11:20:00+00', 'order', 'fr', 'firefox', 1, '\x128b7f0fd4c5f69b6c771b', '\x128b7f30e12993257f8fb2', '{"5": 1}'),
	(3, '2026-11-25 00:30:00+00', 'refund', NULL, 'firefox', 1, '\x128b7fde0820a06c76c0a8', '\x128b7fde0820a06c76c0a8', '{"2": 1}'),
	(3, '2026-11-25 01:25:00+00', 'refund', NULL, 'firefox', 1, '\x128b7f0fd4c5f69b6c771b', '\x128b7f0fd4c5f69b6c771b', '{"5": 1}'),
	(3, '2026-11-25 02:15:00+00', 'refund', NULL, 'firefox', 1, '\x128b7f004403b7fb05c44a', '\x128b7f3987d28c06f0df79', '{"1": 1}'),
	(3, '2026-11-25 03:05:00+00', 'refund', NULL, 'firefox', 1, '\x128b7fb419d210486ab6c1', '\x128b7f28df63b7cc57c3cb', '{"4": 1}'),
	(3, '2026-11-25 03:55:00+00', 'refund', NULL, 'firefox', 1, '\x128b7f28df63b7cc57c3cb', '\x128b7f5b3d5839b2488b0c', '{"0": 1}'),
	(3, '2026-11-25 04:45:00+00', 'refund', NULL, 'firefox', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f06c9ec78d52c2653', '{"3": 1}'),
	(3, '2026-11-25 05:40:00+00', 'refund', NULL, 'firefox', 1, '\x128b7f06c9ec78d52c2653', '\x128b7f1b341d80dfead7e6', '{"6": 1}'),
	(3, '2026-11-25 06:30:00+00', 'refund', NULL, 'firefox', 1, '\x128b7fde0820a06c76c0a8', '\x128b7f004403b7fb05c44a', '{"2": 1}'),
	(3, '2026-11-25 07:20:00+00', 'refund', NULL, 'firefox', 1, '\x128b7f0fd4c5f69b6c771b', '\x128b7fb419d210486ab6c1', '{"5": 1}'),
	(3, '2026-11-25 08:10:00+00', 'refund', NULL, 'firefox', 1, '\x128b7f004403b7fb05c44a', '\x128b7f30e12993257f8fb2', '{"1": 1}'),
	(3, '2026-11-25 09:00:00+00', 'refund', NULL, 'firefox', 1, '\x128b7fb419d210486ab6c1', '\x128b7f122f34392c621e72', '{"4": 1}'),
	(3, '2026-11-25 09:55:00+00', 'refund', NULL, 'firefox', 1, '\x128b7f28df63b7cc57c3cb', '\x128b7fde0820a06c76c0a8', '{"0": 1}'),
	(3, '2026-11-25 10:45:00+00', 'refund', NULL, 'firefox', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f0fd4c5f69b6c771b', '{"3": 1}'),
	(1, '2026-11-25 00:55:00+00', 'view', 'de', 'opera', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f9d20bbb0641796f6', '{"3": 1}'),
	(1, '2026-11-25 01:50:00+00', 'view', 'de', 'opera', 1, '\x128b7f004403b7fb05c44a', '\x128b7fede5659b5d065755', '{"1": 1}'),
	(1, '2026-11-25 02:50:00+00', 'view', 'de', 'opera', 1, '\x128b7fb419d210486ab6c1', '\x128b7f81f2a259919f2774', '{"4": 1}'),
	(1, '2026-11-25 03:45:00+00', 'view', 'de', 'opera', 1, '\x128b7fde0820a06c76c0a8', '\x128b7f5dd3155906639534', '{"2": 1}'),
	(1, '2026-11-25 04:45:00+00', 'view', 'de', 'opera', 1, '\x128b7f28df63b7cc57c3cb', '\x128b7f0cc42e132ebe3b72', '{"0": 1}'),
	(1, '2026-11-25 05:40:00+00', 'view', 'de', 'opera', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f7c95cc8f7e4eb81f', '{"3": 1}'),
	(1, '2026-11-25 09:20:00+00', 'view', 'de', 'firefox', 3, '\x128b7f004403b7fb05c44a0fd4c5f69b6c771b', '\x128b7f004403b7fb05c44a28df63b7cc57c3cb', '{"1": 2, "5": 1}'),
	(2, '2026-11-25 00:15:00+00', 'view', 'de', 'opera', 1, '\x128b7f004403b7fb05c44a', '\x128b7f613ba98a48623223', '{"1": 1}'),
	(2, '2026-11-25 01:15:00+00', 'view', 'de', 'opera', 1, '\x128b7fb419d210486ab6c1', '\x128b7f95e1f7cacd292700', '{"4": 1}'),
	(2, '2026-11-25 02:10:00+00', 'view', 'de', 'opera', 1, '\x128b7fde0820a06c76c0a8', '\x128b7fbfe4bdbaa6420f03', '{"2": 1}'),
	(2, '2026-11-25 03:10:00+00', 'view', 'de', 'opera', 1, '\x128b7f28df63b7cc57c3cb', '\x128b7f258879438cb27936', '{"0": 1}');
INSERT INTO public.rollup_events_5min VALUES
	(2, '2026-11-25 04:05:00+00', 'view', 'de', 'opera', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f452ab01f369ec0e1', '{"3": 1}'),
	(2, '2026-11-25 05:00:00+00', 'view', 'de', 'opera', 1, '\x128b7f004403b7fb05c44a', '\x128b7fadf758b0f584e260', '{"1": 1}'),
	(2, '2026-11-25 06:00:00+00', 'view', 'de', 'opera', 1, '\x128b7fb419d210486ab6c1', '\x128b7f08e64642b914e956', '{"4": 1}'),
	(2, '2026-11-25 09:20:00+00', 'order', 'fr', 'opera', 8, '\x128b7fde0820a06c76c0a8', '\x128b7fde0820a06c76c0a8', '{"2": 8}'),
	(3, '2026-11-25 00:35:00+00', 'view', 'de', 'opera', 1, '\x128b7fde0820a06c76c0a8', '\x128b7fecc30e767cf1aecb', '{"2": 1}'),
	(3, '2026-11-25 01:35:00+00', 'view', 'de', 'opera', 1, '\x128b7f28df63b7cc57c3cb', '\x128b7f8a6ad49379c4bc2e', '{"0": 1}'),
	(3, '2026-11-25 02:30:00+00', 'view', 'de', 'opera', 1, '\x128b7f5b3d5839b2488b0c', '\x128b7f2cae4638e0f299c3', '{"3": 1}'),
	(3, '2026-11-25 03:25:00+00', 'view', 'de', 'opera', 1, '\x128b7f004403b7fb05c44a', '\x128b7f4f3bfc5185f87ccb', '{"1": 1}'),
	(3, '2026-11-25 04:25:00+00', 'view', 'de', 'opera', 1, '\x128b7fb419d210486ab6c1', '\x128b7f60cac118726f70d5', '{"4": 1}'),
	(3, '2026-11-25 05:20:00+00', 'view', 'de', 'opera', 1, '\x128b7fde0820a06c76c0a8', '\x128b7f89f2aa3947311277', '{"2": 1}'),
	(3, '2026-11-25 06:20:00+00', 'view', 'de', 'opera', 1, '\x128b7f28df63b7cc57c3cb', '\x128b7f66b145853c3fa72b', '{"0": 1}');

INSERT INTO public.sales_1day VALUES
	(2, '2026-11-25 00:00:00+00', 'EUR', 'books', 14, 0, 427, 14, 427, 14, '\x128b7fa6782b0db3443d9403da138ae075934f0ed006a0eb9ccb8919b639ecc907a402739aef4fd4f0b5f5', '{"p0": 128, "p1": 116, "p2": 96, "p3": 87}', '{"p0": 4, "p1": 4, "p2": 3, "p3": 3}'),
	(3, '2026-11-25 00:00:00+00', 'EUR', 'books', 0, 13, 390, 13, NULL, 0, NULL, '{"p0": 90, "p1": 81, "p2": 120, "p3": 99}', '{"p0": 3, "p1": 3, "p2": 4, "p3": 3}'),
	(2, '2026-11-25 00:00:00+00', NULL, NULL, 8, 0, NULL, NULL, NULL, 0, '\x118b7f', '{}', '{}');

INSERT INTO public.sales_1hr VALUES
	(2, '2026-11-25 00:00:00+00', 'EUR', 'books', 1, 0, 11, 1, 11, 1, '\x128b7f739aef4fd4f0b5f5', '{"p1": 11}', '{"p1": 1}'),
	(2, '2026-11-25 01:00:00+00', 'EUR', 'books', 2, 0, 31, 2, 31, 2, '\x128b7f03da138ae075934f19b639ecc907a402', '{"p0": 14, "p3": 17}', '{"p0": 1, "p3": 1}'),
	(2, '2026-11-25 02:00:00+00', 'EUR', 'books', 1, 0, 20, 1, 20, 1, '\x128b7f0ed006a0eb9ccb89', '{"p2": 20}', '{"p2": 1}'),
	(2, '2026-11-25 03:00:00+00', 'EUR', 'books', 1, 0, 23, 1, 23, 1, '\x128b7fa6782b0db3443d94', '{"p1": 23}', '{"p1": 1}'),
	(2, '2026-11-25 04:00:00+00', 'EUR', 'books', 1, 0, 26, 1, 26, 1, '\x128b7f739aef4fd4f0b5f5', '{"p0": 26}', '{"p0": 1}'),
	(2, '2026-11-25 05:00:00+00', 'EUR', 'books', 1, 0, 29, 1, 29, 1, '\x128b7f03da138ae075934f', '{"p3": 29}', '{"p3": 1}'),
	(2, '2026-11-25 06:00:00+00', 'EUR', 'books', 1, 0, 32, 1, 32, 1, '\x128b7f19b639ecc907a402', '{"p2": 32}', '{"p2": 1}'),
	(2, '2026-11-25 07:00:00+00', 'EUR', 'books', 2, 0, 73, 2, 73, 2, '\x128b7fa6782b0db3443d940ed006a0eb9ccb89', '{"p0": 38, "p1": 35}', '{"p0": 1, "p1": 1}'),
	(2, '2026-11-25 08:00:00+00', 'EUR', 'books', 1, 0, 41, 1, 41, 1, '\x128b7f739aef4fd4f0b5f5', '{"p3": 41}', '{"p3": 1}'),
	(2, '2026-11-25 09:00:00+00', 'EUR', 'books', 1, 0, 44, 1, 44, 1, '\x128b7f03da138ae075934f', '{"p2": 44}', '{"p2": 1}'),
	(2, '2026-11-25 10:00:00+00', 'EUR', 'books', 1, 0, 47, 1, 47, 1, '\x128b7f19b639ecc907a402', '{"p1": 47}', '{"p1": 1}'),
	(2, '2026-11-25 11:00:00+00', 'EUR', 'books', 1, 0, 50, 1, 50, 1, '\x128b7f0ed006a0eb9ccb89', '{"p0": 50}', '{"p0": 1}'),
	(3, '2026-11-25 00:00:00+00', 'EUR', 'books', 0, 1, 12, 1, NULL, 0, NULL, '{"p2": 12}', '{"p2": 1}'),
	(3, '2026-11-25 01:00:00+00', 'EUR', 'books', 0, 1, 15, 1, NULL, 0, NULL, '{"p1": 15}', '{"p1": 1}'),
	(3, '2026-11-25 02:00:00+00', 'EUR', 'books', 0, 1, 18, 1, NULL, 0, NULL, '{"p0": 18}', '{"p0": 1}'),
	(3, '2026-11-25 03:00:00+00', 'EUR', 'books', 0, 2, 45, 2, NULL, 0, NULL, '{"p2": 24, "p3": 21}', '{"p2": 1, "p3": 1}'),
	(3, '2026-11-25 04:00:00+00', 'EUR', 'books', 0, 1, 27, 1, NULL, 0, NULL, '{"p1": 27}', '{"p1": 1}'),
	(3, '2026-11-25 05:00:00+00', 'EUR', 'books', 0, 1, 30, 1, NULL, 0, NULL, '{"p0": 30}', '{"p0": 1}'),
	(3, '2026-11-25 06:00:00+00', 'EUR', 'books', 0, 1, 33, 1, NULL, 0, NULL, '{"p3": 33}', '{"p3": 1}'),
	(3, '2026-11-25 07:00:00+00', 'EUR', 'books', 0, 1, 36, 1, NULL, 0, NULL, '{"p2": 36}', '{"p2": 1}'),
	(3, '2026-11-25 08:00:00+00', 'EUR', 'books', 0, 1, 39, 1, NULL, 0, NULL, '{"p1": 39}', '{"p1": 1}'),
	(3, '2026-11-25 09:00:00+00', 'EUR', 'books', 0, 2, 87, 2, NULL, 0, NULL, '{"p0": 42, "p3": 45}', '{"p0": 1, "p3": 1}'),
	(3, '2026-11-25 10:00:00+00', 'EUR', 'books', 0, 1, 48, 1, NULL, 0, NULL, '{"p2": 48}', '{"p2": 1}'),
	(2, '2026-11-25 09:00:00+00', NULL, NULL, 8, 0, NULL, NULL, NULL, 0, '\x118b7f', '{}', '{}');

INSERT INTO rollup.added_measures VALUES
	('rollup_events_1hr', 'last_session', NULL, '2026-11-25 12:00:00+00', '2026-11-25 00:00:00+00', '2026-11-25 09:23:19.62325+00');

INSERT INTO rollup.backlogs VALUES
	('orders_backwards', 0, 0, 43, 53);

INSERT INTO rollup.families OVERRIDING SYSTEM VALUE VALUES
	(2, 'rollup.run_family_2'),
	(3, 'rollup.run_family_3'),
	(4, NULL),
	(5, NULL),
	(6, NULL),
	(1, NULL),
	(7, NULL);

INSERT INTO rollup.loads VALUES
	('public.events', '\xd0af7bc69a2171e0ca3dec7e3455b1a538afa0acc6b4cb17cc14cb2d600e89ae', 'monday.csv', 4, 145, '2026-11-25 09:23:18.453074+00', 'rollupctl'),
	('public.events', '\x644b04c5a087a362d2efd4c5a01c4d8d21bb69854018ac352d76366e8a3e39fb', 'tuesday.csv', 6, 187, '2026-11-25 09:23:19.181776+00', 'rollupctl');

INSERT INTO rollup.migrations VALUES
	('0.1.0', '2026-11-25 09:23:17.57041+00');

INSERT INTO rollup.rollups OVERRIDING SYSTEM VALUE VALUES
	('sales_1hr', 3, 2, 'public.events', 'public.sales_1hr', 'public.count_sales_1hr', 'customer_id', 'event_id', 'public.events_event_id_seq', 'event_time', '01:00:00', 'hour', '{currency,category}', '{"orders":          {"count": "*", "where": "event_type = ''order''"},
                       "refunds":         {"count": "*", "where": "event_type = ''refund''"},
                       "revenue":         {"sum": "amount"},
                       "quantity":        {"sum": "quantity"},
                       "average_order":   {"avg": "amount", "where": "event_type = ''order''"},
                       "buyers":          {"distinct": "user_id", "where": "event_type = ''order''"},
                       "top_by_revenue":  {"top": "product_id", "weight": "amount"},
                       "top_by_quantity": {"top": "product_id", "weight": "quantity"}}', ' event_type in (''order'', ''refund'') and status is distinct from ''failed'' ', '128MB', NULL, NULL, NULL, NULL, 0, '2026-11-25 09:23:17.57041+00'),
	('sales_1day', 4, 2, 'public.events', 'public.sales_1day', 'public.count_sales_1day', 'customer_id', 'event_id', 'public.events_event_id_seq', 'event_time', '1 day', 'day', '{currency,category}', '{"orders":          {"count": "*", "where": "event_type = ''order''"},
                       "refunds":         {"count": "*", "where": "event_type = ''refund''"},
                       "revenue":         {"sum": "amount"},
                       "quantity":        {"sum": "quantity"},
                       "average_order":   {"avg": "amount", "where": "event_type = ''order''"},
                       "buyers":          {"distinct": "user_id", "where": "event_type = ''order''"},
                       "top_by_revenue":  {"top": "product_id", "weight": "amount"},
                       "top_by_quantity": {"top": "product_id", "weight": "quantity"}}', ' event_type in (''order'', ''refund'') and status is distinct from ''failed'' ', '128MB', NULL, NULL, NULL, NULL, 0, '2026-11-25 09:23:17.57041+00'),
	('orders_1hr', 5, 3, 'shop.orders', 'shop.orders_1hr', 'shop.count_orders_1hr', 'customer_id', 'id', 'shop.orders_id_seq', 'ordered_at', '01:00:00', 'bucket', '{country}', '{"orders": {"count": "*"}, "revenue": {"sum": "price"}, "price": {"avg": "price"},
                  "latest": {"last": "price"}, "buyers": {"distinct": "customer_id"},
                  "products": {"top": "\"Product\"", "counters": 10}}', NULL, '128MB', NULL, NULL, NULL, NULL, 0, '2026-11-25 09:23:17.998428+00'),
	('Orders by day', 6, 3, 'shop.orders', 'shop."Orders by day"', 'shop."count_Orders by day"', 'customer_id', 'id', 'shop.orders_id_seq', 'ordered_at', '1 day', 'bucket', '{country}', '{"orders": {"count": "*"}, "revenue": {"sum": "price"}, "price": {"avg": "price"},
                  "latest": {"last": "price"}, "buyers": {"distinct": "customer_id"},
                  "products": {"top": "\"Product\"", "counters": 10}}', NULL, '128MB', NULL, NULL, NULL, NULL, 0, '2026-11-25 09:23:18.056704+00'),
	('orders_in_berlin', 7, 4, 'shop.orders', 'shop.orders_in_berlin', 'shop.count_orders_in_berlin', NULL, 'id', 'shop.orders_id_seq', 'ordered_at', '1 mon', 'bucket', '{}', '{"most": {"max": "price"}}', NULL, '128MB', 'Europe/Berlin', '20 years', NULL, '1 year', 0, '2026-11-25 09:23:18.082738+00'),
	('prices', 8, 5, 'shop.orders', 'shop.prices', 'shop.count_prices', 'customer_id', 'id', 'shop.orders_id_seq', 'ordered_at', '1 day', 'bucket', '{}', '{"ratio": {"sum": "price / amount"}}', NULL, '128MB', NULL, NULL, NULL, NULL, 0, '2026-11-25 09:23:18.167215+00'),
	('rollup_events_1hr', 2, 6, 'public.events', 'public.rollup_events_1hr', 'public.hourly_aggregation', 'customer_id', 'event_id', 'public.events_event_id_seq', 'event_time', '01:00:00', 'hour', '{event_type,country,browser}', '{ "event_count" : {"count": "*"}, "device_distinct_count" : {"distinct": "device_id"}, "session_distinct_count" : {"distinct": "session_id"}, "top_devices_1000" : {"top": "device_id", "counters": 1000}, "last_session" : {"max": "session_id"} }', NULL, '128MB', NULL, NULL, NULL, NULL, 1, '2026-11-25 09:23:17.57041+00'),
	('rollup_events_5min', 1, 1, 'public.events', 'public.rollup_events_5min', 'public.five_minutely_aggregation', 'customer_id', 'event_id', 'public.events_event_id_seq', 'event_time', '00:05:00', 'minute', '{event_type,country,browser}', '{"event_count":            {"count": "*"},
                       "device_distinct_count":  {"distinct": "device_id"},
                       "session_distinct_count": {"distinct": "session_id"},
                       "top_devices_1000":       {"top": "device_id", "counters": 1000}}', NULL, '128MB', NULL, '5 years', NULL, NULL, 0, '2026-11-25 09:23:17.57041+00'),
	('orders_backwards', 9, 7, 'shop.orders', 'shop.orders_backwards', 'shop.count_orders_backwards', 'customer_id', 'id', 'shop.orders_id_seq', 'ordered_at', '06:00:00', 'bucket', '{}', '{"orders": {"count": "*"}}', NULL, '128MB', NULL, NULL, NULL, NULL, 0, '2026-11-25 09:23:19.774448+00');

INSERT INTO rollup.runs OVERRIDING SYSTEM VALUE VALUES
	(1, 'rollup_events_5min', 'done', '2026-11-25 09:23:18.785678+00', '2026-11-25 09:23:18.820671+00', 44, 41, '[{"after_id": 0, "node_group": 0, "through_id": 44}]', NULL),
	(2, 'rollup_events_1hr', 'done', '2026-11-25 09:23:18.785678+00', '2026-11-25 09:23:18.820874+00', 44, 36, '[{"after_id": 0, "node_group": 0, "through_id": 44}]', NULL),
	(3, 'sales_1hr', 'done', '2026-11-25 09:23:18.822933+00', '2026-11-25 09:23:18.829531+00', 30, 24, '[{"after_id": 0, "node_group": 0, "through_id": 44}]', NULL),
	(4, 'sales_1day', 'done', '2026-11-25 09:23:18.822933+00', '2026-11-25 09:23:18.82957+00', 30, 3, '[{"after_id": 0, "node_group": 0, "through_id": 44}]', NULL),
	(5, 'orders_1hr', 'done', '2026-11-25 09:23:18.830814+00', '2026-11-25 09:23:18.835237+00', 30, 30, '[{"after_id": 0, "node_group": 0, "through_id": 30}]', NULL),
	(6, 'Orders by day', 'done', '2026-11-25 09:23:18.830814+00', '2026-11-25 09:23:18.835274+00', 30, 19, '[{"after_id": 0, "node_group": 0, "through_id": 30}]', NULL),
	(7, 'orders_in_berlin', 'done', '2026-11-25 09:23:18.83632+00', '2026-11-25 09:23:18.839811+00', 30, 2, '[{"after_id": 0, "node_group": 0, "through_id": 30}]', NULL),
	(8, 'prices', 'done', '2026-11-25 09:23:18.840665+00', '2026-11-25 09:23:18.843402+00', 30, 19, '[{"after_id": 0, "node_group": 0, "through_id": 30}]', NULL),
	(9, 'rollup_events_5min', 'done', '2026-11-25 09:23:19.504126+00', '2026-11-25 09:23:19.544506+00', 26, 22, '[{"after_id": 44, "node_group": 0, "through_id": 70}]', NULL),
	(10, 'rollup_events_1hr', 'done', '2026-11-25 09:23:19.504126+00', '2026-11-25 09:23:19.544612+00', 26, 22, '[{"after_id": 44, "node_group": 0, "through_id": 70}]', NULL),
	(11, 'sales_1hr', 'done', '2026-11-25 09:23:19.54632+00', '2026-11-25 09:23:19.552239+00', 5, 1, '[{"after_id": 44, "node_group": 0, "through_id": 70}]', NULL),
	(12, 'sales_1day', 'done', '2026-11-25 09:23:19.54632+00', '2026-11-25 09:23:19.552278+00', 5, 1, '[{"after_id": 44, "node_group": 0, "through_id": 70}]', NULL),
	(13, 'orders_1hr', 'done', '2026-11-25 09:23:19.554154+00', '2026-11-25 09:23:19.558258+00', 11, 11, '[{"after_id": 30, "node_group": 0, "through_id": 41}]', NULL),
	(14, 'Orders by day', 'done', '2026-11-25 09:23:19.554154+00', '2026-11-25 09:23:19.558897+00', 11, 7, '[{"after_id": 30, "node_group": 0, "through_id": 41}]', NULL),
	(15, 'orders_in_berlin', 'done', '2026-11-25 09:23:19.564232+00', '2026-11-25 09:23:19.567729+00', 11, 1, '[{"after_id": 30, "node_group": 0, "through_id": 41}]', NULL),
	(16, 'prices', 'failed', '2026-11-25 09:23:19.569055+00', '2026-11-25 09:23:19.572703+00', 0, 0, NULL, 'division by zero'),
	(17, 'rollup_events_5min', 'put off', '2026-11-25 09:23:19.675716+00', '2026-11-25 09:23:19.704969+00', 0, 0, NULL, 'rollup rollup_events_5min was put off: pid 7097 on this server, user rollupctl, application unnamed, is still writing to public.events'),
	(18, 'sales_1hr', 'put off', '2026-11-25 09:23:19.705163+00', '2026-11-25 09:23:19.728991+00', 0, 0, NULL, 'rollups sales_1hr, sales_1day were put off: pid 7097 on this server, user rollupctl, application unnamed, is still writing to public.events'),
	(19, 'sales_1day', 'put off', '2026-11-25 09:23:19.705163+00', '2026-11-25 09:23:19.729629+00', 0, 0, NULL, 'rollups sales_1hr, sales_1day were put off: pid 7097 on this server, user rollupctl, application unnamed, is still writing to public.events'),
	(20, 'prices', 'done', '2026-11-25 09:23:19.736241+00', '2026-11-25 09:23:19.753322+00', 11, 7, '[{"after_id": 30, "node_group": 0, "through_id": 41}]', NULL),
	(21, 'rollup_events_1hr', 'put off', '2026-11-25 09:23:19.75399+00', '2026-11-25 09:23:19.768399+00', 0, 0, NULL, 'rollup rollup_events_1hr was put off: pid 7097 on this server, user rollupctl, application unnamed, is still writing to public.events'),
	(22, 'orders_backwards', 'done', '2026-11-25 09:23:19.794102+00', '2026-11-25 09:23:19.798154+00', 10, 10, '[{"after_id": 43, "node_group": 0, "through_id": 53}]', NULL);

INSERT INTO rollup.samples VALUES
	('public.events', '2026-11-25 09:23:19.704465+00', '{"0": {"last_id": 71}}', '{0:5/41}'),
	('public.events', '2026-11-25 09:23:19.728802+00', '{"0": {"last_id": 71}}', '{0:5/41}'),
	('public.events', '2026-11-25 09:23:19.72949+00', '{"0": {"last_id": 71}}', '{0:5/41}'),
	('public.events', '2026-11-25 09:23:19.768145+00', '{"0": {"last_id": 71}}', '{0:5/41}');

INSERT INTO rollup.sources VALUES
	('shop.orders', NULL, NULL, NULL),
	('public.events', '2026-11-21 00:00:00+00', NULL, '10 years');

INSERT INTO rollup.tails VALUES
	('rollup_events_5min', 70, 9223372036854775807),
	('rollup_events_1hr', 70, 9223372036854775807),
	('sales_1hr', 70, 9223372036854775807),
	('sales_1day', 70, 9223372036854775807),
	('orders_1hr', 41, 9223372036854775807),
	('Orders by day', 41, 9223372036854775807),
	('orders_in_berlin', 41, 9223372036854775807),
	('prices', 41, 9223372036854775807),
	('orders_backwards', 0, 43),
	('orders_backwards', 53, 9223372036854775807);

INSERT INTO rollup.watermarks VALUES
	('rollup_events_1hr', 0, 70, '2026-11-25 09:23:19.504126+00'),
	('rollup_events_5min', 0, 70, '2026-11-25 09:23:19.504126+00'),
	('sales_1day', 0, 70, '2026-11-25 09:23:19.54632+00'),
	('sales_1hr', 0, 70, '2026-11-25 09:23:19.54632+00'),
	('Orders by day', 0, 41, '2026-11-25 09:23:19.554154+00'),
	('orders_1hr', 0, 41, '2026-11-25 09:23:19.554154+00'),
	('orders_in_berlin', 0, 41, '2026-11-25 09:23:19.564232+00'),
	('prices', 0, 41, '2026-11-25 09:23:19.736241+00'),
	('orders_backwards', 0, 53, '2026-11-25 09:23:19.794102+00');

INSERT INTO shop."Orders by day" VALUES
	(1, '2024-03-31 00:00:00+00', 'de', 1, 3.75, 3.75, 1, 3.75, '2024-03-31 11:00:00+00', 3, '\x128b7f004403b7fb05c44a', '{"P3": 1}'),
	(1, '2024-04-01 00:00:00+00', 'de', 2, 18.75, 18.75, 2, 11.25, '2024-04-01 17:00:00+00', 9, '\x128b7f004403b7fb05c44a', '{"P1": 1, "P2": 1}'),
	(1, '2024-04-02 00:00:00+00', 'de', 2, 33.75, 33.75, 2, 18.75, '2024-04-02 23:00:00+00', 15, '\x128b7f004403b7fb05c44a', '{"P0": 1, "P3": 1}'),
	(1, '2024-04-05 00:00:00+00', 'de', 1, 33.75, 33.75, 1, 33.75, '2024-04-05 11:00:00+00', 27, '\x128b7f004403b7fb05c44a', '{"P3": 1}'),
	(1, '2024-04-06 00:00:00+00', 'de', 1, 37.50, 37.50, 1, 37.50, '2024-04-06 02:00:00+00', 30, '\x128b7f004403b7fb05c44a', '{"P2": 1}'),
	(2, '2024-03-31 00:00:00+00', 'fr', 2, 6.25, 6.25, 2, 5.00, '2024-03-31 16:00:00+00', 4, '\x128b7fde0820a06c76c0a8', '{"P0": 1, "P1": 1}'),
	(2, '2024-04-01 00:00:00+00', 'fr', 2, 21.25, 21.25, 2, 12.50, '2024-04-01 22:00:00+00', 10, '\x128b7fde0820a06c76c0a8', '{"P2": 1, "P3": 1}'),
	(2, '2024-04-02 00:00:00+00', 'fr', 1, 16.25, 16.25, 1, 16.25, '2024-04-02 13:00:00+00', 13, '\x128b7fde0820a06c76c0a8', '{"P1": 1}'),
	(2, '2024-04-03 00:00:00+00', 'fr', 2, 43.75, 43.75, 2, 23.75, '2024-04-03 19:00:00+00', 19, '\x128b7fde0820a06c76c0a8', '{"P0": 1, "P3": 1}'),
	(2, '2024-04-04 00:00:00+00', 'fr', 1, 27.50, 27.50, 1, 27.50, '2024-04-04 10:00:00+00', 22, '\x128b7fde0820a06c76c0a8', '{"P2": 1}'),
	(2, '2024-04-05 00:00:00+00', 'fr', 2, 66.25, 66.25, 2, 35.00, '2024-04-05 16:00:00+00', 28, '\x128b7fde0820a06c76c0a8', '{"P0": 1, "P1": 1}'),
	(3, '2024-03-31 00:00:00+00', NULL, 2, 8.75, 8.75, 2, 6.25, '2024-03-31 21:00:00+00', 5, '\x128b7f5b3d5839b2488b0c', '{"P1": 1, "P2": 1}'),
	(3, '2024-04-01 00:00:00+00', NULL, 1, 10.00, 10.00, 1, 10.00, '2024-04-01 12:00:00+00', 8, '\x128b7f5b3d5839b2488b0c', '{"P0": 1}'),
	(3, '2024-04-02 00:00:00+00', NULL, 2, 31.25, 31.25, 2, 17.50, '2024-04-02 18:00:00+00', 14, '\x128b7f5b3d5839b2488b0c', '{"P2": 1, "P3": 1}'),
	(3, '2024-04-03 00:00:00+00', NULL, 1, 21.25, 21.25, 1, 21.25, '2024-04-03 09:00:00+00', 17, '\x128b7f5b3d5839b2488b0c', '{"P1": 1}'),
	(3, '2024-04-04 00:00:00+00', NULL, 2, 53.75, 53.75, 2, 28.75, '2024-04-04 15:00:00+00', 23, '\x128b7f5b3d5839b2488b0c', '{"P0": 1, "P3": 1}'),
	(3, '2024-04-05 00:00:00+00', NULL, 2, 68.75, 68.75, 2, 36.25, '2024-04-05 21:00:00+00', 29, '\x128b7f5b3d5839b2488b0c', '{"P1": 1, "P2": 1}'),
	(1, '2024-04-03 00:00:00+00', 'de', 3, 29.25, 29.25, 3, 4.50, '2024-04-03 18:00:00+00', 36, '\x128b7f004403b7fb05c44a', '{"P0": 2, "P2": 1}'),
	(1, '2024-04-04 00:00:00+00', 'de', 3, 63.00, 63.00, 3, 30.00, '2024-04-04 20:00:00+00', 24, '\x128b7f004403b7fb05c44a', '{"P0": 2, "P1": 1}'),
	(1, '2024-04-09 00:00:00+00', NULL, 1, 1, 1, 1, 1, '2024-04-09 12:00:00+00', 41, '\x128b7f004403b7fb05c44a', '{}'),
	(2, '2024-04-03 00:00:00+00', 'de', 3, 9.00, 9.00, 3, 5.25, '2024-04-03 21:00:00+00', 37, '\x128b7fde0820a06c76c0a8', '{"P1": 3}'),
	(2, '2024-04-04 00:00:00+00', 'de', 1, 7.50, 7.50, 1, 7.50, '2024-04-04 06:00:00+00', 40, '\x128b7fde0820a06c76c0a8', '{"P1": 1}'),
	(3, '2024-04-03 00:00:00+00', 'de', 2, 5.25, 5.25, 2, 3.75, '2024-04-03 15:00:00+00', 35, '\x128b7f5b3d5839b2488b0c', '{"P2": 2}'),
	(3, '2024-04-04 00:00:00+00', 'de', 1, 6.00, 6.00, 1, 6.00, '2024-04-04 00:00:00+00', 38, '\x128b7f5b3d5839b2488b0c', '{"P2": 1}');

INSERT INTO shop.orders VALUES
	(1, '2024-03-31 01:00:00+00', 2, 'fr', 'P1', 2, 1.25),
	(2, '2024-03-31 06:00:00+00', 3, NULL, 'P2', 2, 2.50),
	(3, '2024-03-31 11:00:00+00', 1, 'de', 'P3', 2, 3.75),
	(4, '2024-03-31 16:00:00+00', 2, 'fr', 'P0', 2, 5.00),
	(5, '2024-03-31 21:00:00+00', 3, NULL, 'P1', 2, 6.25),
	(6, '2024-04-01 02:00:00+00', 1, 'de', 'P2', 2, 7.50),
	(7, '2024-04-01 07:00:00+00', 2, 'fr', 'P3', 2, 8.75),
	(8, '2024-04-01 12:00:00+00', 3, NULL, 'P0', 2, 10.00),
	(9, '2024-04-01 17:00:00+00', 1, 'de', 'P1', 2, 11.25),
	(10, '2024-04-01 22:00:00+00', 2, 'fr', 'P2', 2, 12.50),
	(11, '2024-04-02 03:00:00+00', 3, NULL, 'P3', 2, 13.75),
	(12, '2024-04-02 08:00:00+00', 1, 'de', 'P0', 2, 15.00),
	(13, '2024-04-02 13:00:00+00', 2, 'fr', 'P1', 2, 16.25),
	(14, '2024-04-02 18:00:00+00', 3, NULL, 'P2', 2, 17.50),
	(15, '2024-04-02 23:00:00+00', 1, 'de', 'P3', 2, 18.75),
	(16, '2024-04-03 04:00:00+00', 2, 'fr', 'P0', 2, 20.00),
	(17, '2024-04-03 09:00:00+00', 3, NULL, 'P1', 2, 21.25),
	(18, '2024-04-03 14:00:00+00', 1, 'de', 'P2', 2, 22.50),
	(19, '2024-04-03 19:00:00+00', 2, 'fr', 'P3', 2, 23.75),
	(20, '2024-04-04 00:00:00+00', 3, NULL, 'P0', 2, 25.00),
	(21, '2024-04-04 05:00:00+00', 1, 'de', 'P1', 2, 26.25),
	(22, '2024-04-04 10:00:00+00', 2, 'fr', 'P2', 2, 27.50),
	(23, '2024-04-04 15:00:00+00', 3, NULL, 'P3', 2, 28.75),
	(24, '2024-04-04 20:00:00+00', 1, 'de', 'P0', 2, 30.00),
	(25, '2024-04-05 01:00:00+00', 2, 'fr', 'P1', 2, 31.25),
	(26, '2024-04-05 06:00:00+00', 3, NULL, 'P2', 2, 32.50),
	(27, '2024-04-05 11:00:00+00', 1, 'de', 'P3', 2, 33.75),
	(28, '2024-04-05 16:00:00+00', 2, 'fr', 'P0', 2, 35.00),
	(29, '2024-04-05 21:00:00+00', 3, NULL, 'P1', 2, 36.25),
	(30, '2024-04-06 02:00:00+00', 1, 'de', 'P2', 2, 37.50),
	(31, '2024-04-03 03:00:00+00', 2, 'de', 'P1', 3, 0.75),
	(32, '2024-04-03 06:00:00+00', 3, 'de', 'P2', 3, 1.50),
	(33, '2024-04-03 09:00:00+00', 1, 'de', 'P0', 3, 2.25),
	(34, '2024-04-03 12:00:00+00', 2, 'de', 'P1', 3, 3.00),
	(35, '2024-04-03 15:00:00+00', 3, 'de', 'P2', 3, 3.75),
	(36, '2024-04-03 18:00:00+00', 1, 'de', 'P0', 3, 4.50),
	(37, '2024-04-03 21:00:00+00', 2, 'de', 'P1', 3, 5.25),
	(38, '2024-04-04 00:00:00+00', 3, 'de', 'P2', 3, 6.00),
	(39, '2024-04-04 03:00:00+00', 1, 'de', 'P0', 3, 6.75),
	(40, '2024-04-04 06:00:00+00', 2, 'de', 'P1', 3, 7.50),
	(41, '2024-04-09 12:00:00+00', 1, NULL, NULL, 1, 1),
	(42, '2024-05-03 07:00:00+00', 2, 'es', 'P1', 1, 2.5),
	(43, '2024-05-03 14:00:00+00', 3, 'es', 'P2', 1, 5.0),
	(44, '2024-05-03 21:00:00+00', 1, 'es', 'P0', 1, 7.5),
	(45, '2024-05-04 04:00:00+00', 2, 'es', 'P1', 1, 10.0),
	(46, '2024-05-04 11:00:00+00', 3, 'es', 'P2', 1, 12.5),
	(47, '2024-05-04 18:00:00+00', 1, 'es', 'P0', 1, 15.0),
	(48, '2024-05-05 01:00:00+00', 2, 'es', 'P1', 1, 17.5),
	(49, '2024-05-05 08:00:00+00', 3, 'es', 'P2', 1, 20.0),
	(50, '2024-05-05 15:00:00+00', 1, 'es', 'P0', 1, 22.5);
INSERT INTO shop.orders VALUES
	(51, '2024-05-05 22:00:00+00', 2, 'es', 'P1', 1, 25.0),
	(52, '2024-05-06 05:00:00+00', 3, 'es', 'P2', 1, 27.5),
	(53, '2024-05-06 12:00:00+00', 1, 'es', 'P0', 1, 30.0);

INSERT INTO shop.orders_1hr VALUES
	(1, '2024-03-31 11:00:00+00', 'de', 1, 3.75, 3.75, 1, 3.75, '2024-03-31 11:00:00+00', 3, '\x128b7f004403b7fb05c44a', '{"P3": 1}'),
	(1, '2024-04-01 02:00:00+00', 'de', 1, 7.50, 7.50, 1, 7.50, '2024-04-01 02:00:00+00', 6, '\x128b7f004403b7fb05c44a', '{"P2": 1}'),
	(1, '2024-04-01 17:00:00+00', 'de', 1, 11.25, 11.25, 1, 11.25, '2024-04-01 17:00:00+00', 9, '\x128b7f004403b7fb05c44a', '{"P1": 1}'),
	(1, '2024-04-02 08:00:00+00', 'de', 1, 15.00, 15.00, 1, 15.00, '2024-04-02 08:00:00+00', 12, '\x128b7f004403b7fb05c44a', '{"P0": 1}'),
	(1, '2024-04-02 23:00:00+00', 'de', 1, 18.75, 18.75, 1, 18.75, '2024-04-02 23:00:00+00', 15, '\x128b7f004403b7fb05c44a', '{"P3": 1}'),
	(1, '2024-04-03 14:00:00+00', 'de', 1, 22.50, 22.50, 1, 22.50, '2024-04-03 14:00:00+00', 18, '\x128b7f004403b7fb05c44a', '{"P2": 1}'),
	(1, '2024-04-04 05:00:00+00', 'de', 1, 26.25, 26.25, 1, 26.25, '2024-04-04 05:00:00+00', 21, '\x128b7f004403b7fb05c44a', '{"P1": 1}'),
	(1, '2024-04-04 20:00:00+00', 'de', 1, 30.00, 30.00, 1, 30.00, '2024-04-04 20:00:00+00', 24, '\x128b7f004403b7fb05c44a', '{"P0": 1}'),
	(1, '2024-04-05 11:00:00+00', 'de', 1, 33.75, 33.75, 1, 33.75, '2024-04-05 11:00:00+00', 27, '\x128b7f004403b7fb05c44a', '{"P3": 1}'),
	(1, '2024-04-06 02:00:00+00', 'de', 1, 37.50, 37.50, 1, 37.50, '2024-04-06 02:00:00+00', 30, '\x128b7f004403b7fb05c44a', '{"P2": 1}'),
	(2, '2024-03-31 01:00:00+00', 'fr', 1, 1.25, 1.25, 1, 1.25, '2024-03-31 01:00:00+00', 1, '\x128b7fde0820a06c76c0a8', '{"P1": 1}'),
	(2, '2024-03-31 16:00:00+00', 'fr', 1, 5.00, 5.00, 1, 5.00, '2024-03-31 16:00:00+00', 4, '\x128b7fde0820a06c76c0a8', '{"P0": 1}'),
	(2, '2024-04-01 07:00:00+00', 'fr', 1, 8.75, 8.75, 1, 8.75, '2024-04-01 07:00:00+00', 7, '\x128b7fde0820a06c76c0a8', '{"P3": 1}'),
	(2, '2024-04-01 22:00:00+00', 'fr', 1, 12.50, 12.50, 1, 12.50, '2024-04-01 22:00:00+00', 10, '\x128b7fde0820a06c76c0a8', '{"P2": 1}'),
	(2, '2024-04-02 13:00:00+00', 'fr', 1, 16.25, 16.25, 1, 16.25, '2024-04-02 13:00:00+00', 13, '\x128b7fde0820a06c76c0a8', '{"P1": 1}'),
	(2, '2024-04-03 04:00:00+00', 'fr', 1, 20.00, 20.00, 1, 20.00, '2024-04-03 04:00:00+00', 16, '\x128b7fde0820a06c76c0a8', '{"P0": 1}'),
	(2, '2024-04-03 19:00:00+00', 'fr', 1, 23.75, 23.75, 1, 23.75, '2024-04-03 19:00:00+00', 19, '\x128b7fde0820a06c76c0a8', '{"P3": 1}'),
	(2, '2024-04-04 10:00:00+00', 'fr', 1, 27.50, 27.50, 1, 27.50, '2024-04-04 10:00:00+00', 22, '\x128b7fde0820a06c76c0a8', '{"P2": 1}'),
	(2, '2024-04-05 01:00:00+00', 'fr', 1, 31.25, 31.25, 1, 31.25, '2024-04-05 01:00:00+00', 25, '\x128b7fde0820a06c76c0a8', '{"P1": 1}'),
	(2, '2024-04-05 16:00:00+00', 'fr', 1, 35.00, 35.00, 1, 35.00, '2024-04-05 16:00:00+00', 28, '\x128b7fde0820a06c76c0a8', '{"P0": 1}'),
	(3, '2024-03-31 06:00:00+00', NULL, 1, 2.50, 2.50, 1, 2.50, '2024-03-31 06:00:00+00', 2, '\x128b7f5b3d5839b2488b0c', '{"P2": 1}'),
	(3, '2024-03-31 21:00:00+00', NULL, 1, 6.25, 6.25, 1, 6.25, '2024-03-31 21:00:00+00', 5, '\x128b7f5b3d5839b2488b0c', '{"P1": 1}'),
	(3, '2024-04-01 12:00:00+00', NULL, 1, 10.00, 10.00, 1, 10.00, '2024-04-01 12:00:00+00', 8, '\x128b7f5b3d5839b2488b0c', '{"P0": 1}'),
	(3, '2024-04-02 03:00:00+00', NULL, 1, 13.75, 13.75, 1, 13.75, '2024-04-02 03:00:00+00', 11, '\x128b7f5b3d5839b2488b0c', '{"P3": 1}'),
	(3, '2024-04-02 18:00:00+00', NULL, 1, 17.50, 17.50, 1, 17.50, '2024-04-02 18:00:00+00', 14, '\x128b7f5b3d5839b2488b0c', '{"P2": 1}'),
	(3, '2024-04-03 09:00:00+00', NULL, 1, 21.25, 21.25, 1, 21.25, '2024-04-03 09:00:00+00', 17, '\x128b7f5b3d5839b2488b0c', '{"P1": 1}'),
	(3, '2024-04-04 00:00:00+00', NULL, 1, 25.00, 25.00, 1, 25.00, '2024-04-04 00:00:00+00', 20, '\x128b7f5b3d5839b2488b0c', '{"P0": 1}'),
	(3, '2024-04-04 15:00:00+00', NULL, 1, 28.75, 28.75, 1, 28.75, '2024-04-04 15:00:00+00', 23, '\x128b7f5b3d5839b2488b0c', '{"P3": 1}'),
	(3, '2024-04-05 06:00:00+00', NULL, 1, 32.50, 32.50, 1, 32.50, '2024-04-05 06:00:00+00', 26, '\x128b7f5b3d5839b2488b0c', '{"P2": 1}'),
	(3, '2024-04-05 21:00:00+00', NULL, 1, 36.25, 36.25, 1, 36.25, '2024-04-05 21:00:00+00', 29, '\x128b7f5b3d5839b2488b0c', '{"P1": 1}'),
	(1, '2024-04-03 09:00:00+00', 'de', 1, 2.25, 2.25, 1, 2.25, '2024-04-03 09:00:00+00', 33, '\x128b7f004403b7fb05c44a', '{"P0": 1}'),
	(1, '2024-04-03 18:00:00+00', 'de', 1, 4.50, 4.50, 1, 4.50, '2024-04-03 18:00:00+00', 36, '\x128b7f004403b7fb05c44a', '{"P0": 1}'),
	(1, '2024-04-04 03:00:00+00', 'de', 1, 6.75, 6.75, 1, 6.75, '2024-04-04 03:00:00+00', 39, '\x128b7f004403b7fb05c44a', '{"P0": 1}'),
	(1, '2024-04-09 12:00:00+00', NULL, 1, 1, 1, 1, 1, '2024-04-09 12:00:00+00', 41, '\x128b7f004403b7fb05c44a', '{}'),
	(2, '2024-04-03 03:00:00+00', 'de', 1, 0.75, 0.75, 1, 0.75, '2024-04-03 03:00:00+00', 31, '\x128b7fde0820a06c76c0a8', '{"P1": 1}'),
	(2, '2024-04-03 12:00:00+00', 'de', 1, 3.00, 3.00, 1, 3.00, '2024-04-03 12:00:00+00', 34, '\x128b7fde0820a06c76c0a8', '{"P1": 1}'),
	(2, '2024-04-03 21:00:00+00', 'de', 1, 5.25, 5.25, 1, 5.25, '2024-04-03 21:00:00+00', 37, '\x128b7fde0820a06c76c0a8', '{"P1": 1}'),
	(2, '2024-04-04 06:00:00+00', 'de', 1, 7.50, 7.50, 1, 7.50, '2024-04-04 06:00:00+00', 40, '\x128b7fde0820a06c76c0a8', '{"P1": 1}'),
	(3, '2024-04-03 06:00:00+00', 'de', 1, 1.50, 1.50, 1, 1.50, '2024-04-03 06:00:00+00', 32, '\x128b7f5b3d5839b2488b0c', '{"P2": 1}'),
	(3, '2024-04-03 15:00:00+00', 'de', 1, 3.75, 3.75, 1, 3.75, '2024-04-03 15:00:00+00', 35, '\x128b7f5b3d5839b2488b0c', '{"P2": 1}'),
	(3, '2024-04-04 00:00:00+00', 'de', 1, 6.00, 6.00, 1, 6.00, '2024-04-04 00:00:00+00', 38, '\x128b7f5b3d5839b2488b0c', '{"P2": 1}');

INSERT INTO shop.orders_backwards VALUES
	(1, '2024-05-03 18:00:00+00', 1),
	(1, '2024-05-04 18:00:00+00', 1),
	(1, '2024-05-05 12:00:00+00', 1),
	(1, '2024-05-06 12:00:00+00', 1),
	(2, '2024-05-04 00:00:00+00', 1),
	(2, '2024-05-05 00:00:00+00', 1),
	(2, '2024-05-05 18:00:00+00', 1),
	(3, '2024-05-04 06:00:00+00', 1),
	(3, '2024-05-05 06:00:00+00', 1),
	(3, '2024-05-06 00:00:00+00', 1);

INSERT INTO shop.orders_in_berlin_default VALUES
	('2024-02-29 23:00:00+00', 6.25),
	('2024-03-31 22:00:00+00', 37.50);

INSERT INTO shop.prices VALUES
	(1, '2024-03-31 00:00:00+00', 1.8750000000000000),
	(1, '2024-04-01 00:00:00+00', 9.3750000000000000),
	(1, '2024-04-02 00:00:00+00', 16.8750000000000000),
	(1, '2024-04-05 00:00:00+00', 16.8750000000000000),
	(1, '2024-04-06 00:00:00+00', 18.7500000000000000),
	(2, '2024-03-31 00:00:00+00', 3.12500000000000000000),
	(2, '2024-04-01 00:00:00+00', 10.6250000000000000),
	(2, '2024-04-02 00:00:00+00', 8.1250000000000000),
	(2, '2024-04-05 00:00:00+00', 33.1250000000000000),
	(3, '2024-03-31 00:00:00+00', 4.37500000000000000000),
	(3, '2024-04-01 00:00:00+00', 5.0000000000000000),
	(3, '2024-04-02 00:00:00+00', 15.6250000000000000),
	(3, '2024-04-05 00:00:00+00', 34.3750000000000000),
	(1, '2024-04-03 00:00:00+00', 13.50000000000000000000),
	(1, '2024-04-04 00:00:00+00', 30.3750000000000000),
	(1, '2024-04-09 00:00:00+00', 1.00000000000000000000),
	(2, '2024-04-03 00:00:00+00', 24.87500000000000000000),
	(2, '2024-04-04 00:00:00+00', 16.2500000000000000),
	(3, '2024-04-03 00:00:00+00', 12.37500000000000000000),
	(3, '2024-04-04 00:00:00+00', 28.8750000000000000);

SELECT pg_catalog.setval('public.events_event_id_seq', 86, true);

SELECT pg_catalog.setval('rollup.families_id_seq', 7, true);

SELECT pg_catalog.setval('rollup.rollups_id_seq', 9, true);

SELECT pg_catalog.setval('rollup.runs_id_seq', 22, true);

SELECT pg_catalog.setval('shop.orders_id_seq', 53, true);

ALTER TABLE ONLY rollup.added_measures
    ADD CONSTRAINT added_measures_rollup_measure_tenant_key UNIQUE NULLS NOT DISTINCT (rollup, measure, tenant);

ALTER TABLE ONLY rollup.backlogs
    ADD CONSTRAINT backlogs_pkey PRIMARY KEY (rollup, node_group, through_id);

ALTER TABLE ONLY rollup.families
    ADD CONSTRAINT families_function_name_key UNIQUE (function_name);

ALTER TABLE ONLY rollup.families
    ADD CONSTRAINT families_pkey PRIMARY KEY (id);

ALTER TABLE ONLY rollup.loads
    ADD CONSTRAINT loads_pkey PRIMARY KEY (source_table, sha256);

ALTER TABLE ONLY rollup.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY rollup.rollups
    ADD CONSTRAINT rollups_function_name_key UNIQUE (function_name);

ALTER TABLE ONLY rollup.rollups
    ADD CONSTRAINT rollups_id_key UNIQUE (id);

ALTER TABLE ONLY rollup.rollups
    ADD CONSTRAINT rollups_pkey PRIMARY KEY (name);

ALTER TABLE ONLY rollup.rollups
    ADD CONSTRAINT rollups_target_key UNIQUE (target);

ALTER TABLE ONLY rollup.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY rollup.sources
    ADD CONSTRAINT sources_pkey PRIMARY KEY (source);

ALTER TABLE ONLY rollup.tails
    ADD CONSTRAINT tails_pkey PRIMARY KEY (rollup, after_id);

ALTER TABLE ONLY rollup.watermarks
    ADD CONSTRAINT watermarks_pkey PRIMARY KEY (rollup, node_group);

ALTER TABLE ONLY shop.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);

CREATE INDEX events_event_id_event_time_idx ON ONLY public.events USING brin (event_id, event_time) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX events_default_event_id_event_time_idx ON public.events_default USING brin (event_id, event_time) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX events_p2026_11_21_event_id_event_time_idx ON public.events_p2026_11_21 USING brin (event_id, event_time) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX events_p2026_11_22_event_id_event_time_idx ON public.events_p2026_11_22 USING brin (event_id, event_time) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX events_p2026_11_23_event_id_event_time_idx ON public.events_p2026_11_23 USING brin (event_id, event_time) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX events_p2026_11_24_event_id_event_time_idx ON public.events_p2026_11_24 USING brin (event_id, event_time) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX events_p2026_11_25_event_id_event_time_idx ON public.events_p2026_11_25 USING brin (event_id, event_time) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX events_p2026_11_26_event_id_event_time_idx ON public.events_p2026_11_26 USING brin (event_id, event_time) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX events_p2026_11_27_event_id_event_time_idx ON public.events_p2026_11_27 USING brin (event_id, event_time) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX events_p2026_11_28_event_id_event_time_idx ON public.events_p2026_11_28 USING brin (event_id, event_time) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX events_p2026_11_29_event_id_event_time_idx ON public.events_p2026_11_29 USING brin (event_id, event_time) WITH (pages_per_range='32', autosummarize='on');

CREATE UNIQUE INDEX rollup_events_1hr_key ON public.rollup_events_1hr USING btree (customer_id, hour, event_type, country, browser) NULLS NOT DISTINCT;

CREATE UNIQUE INDEX rollup_events_5min_key ON public.rollup_events_5min USING btree (customer_id, minute, event_type, country, browser) NULLS NOT DISTINCT;

CREATE UNIQUE INDEX sales_1day_customer_id_day_currency_category_idx ON public.sales_1day USING btree (customer_id, day, currency, category) NULLS NOT DISTINCT;

CREATE UNIQUE INDEX sales_1hr_customer_id_hour_currency_category_idx ON public.sales_1hr USING btree (customer_id, hour, currency, category) NULLS NOT DISTINCT;

CREATE INDEX runs_rollup_started_at_idx ON rollup.runs USING btree (rollup, started_at);

CREATE INDEX samples_source_taken_at_idx ON rollup.samples USING btree (source, taken_at);

CREATE UNIQUE INDEX "Orders by day_customer_id_bucket_country_idx" ON shop."Orders by day" USING btree (customer_id, bucket, country) NULLS NOT DISTINCT;

CREATE UNIQUE INDEX orders_1hr_customer_id_bucket_country_idx ON shop.orders_1hr USING btree (customer_id, bucket, country) NULLS NOT DISTINCT;

CREATE UNIQUE INDEX orders_backwards_customer_id_bucket_idx ON shop.orders_backwards USING btree (customer_id, bucket) NULLS NOT DISTINCT;

CREATE UNIQUE INDEX orders_in_berlin_bucket_idx ON ONLY shop.orders_in_berlin USING btree (bucket) NULLS NOT DISTINCT;

CREATE UNIQUE INDEX orders_in_berlin_default_bucket_idx ON shop.orders_in_berlin_default USING btree (bucket) NULLS NOT DISTINCT;

CREATE UNIQUE INDEX orders_in_berlin_p20260101_bucket_idx ON shop.orders_in_berlin_p20260101 USING btree (bucket) NULLS NOT DISTINCT;

CREATE UNIQUE INDEX orders_in_berlin_p20270101_bucket_idx ON shop.orders_in_berlin_p20270101 USING btree (bucket) NULLS NOT DISTINCT;

CREATE UNIQUE INDEX orders_in_berlin_p20280101_bucket_idx ON shop.orders_in_berlin_p20280101 USING btree (bucket) NULLS NOT DISTINCT;

CREATE UNIQUE INDEX orders_in_berlin_p20290101_bucket_idx ON shop.orders_in_berlin_p20290101 USING btree (bucket) NULLS NOT DISTINCT;

CREATE UNIQUE INDEX orders_in_berlin_p20300101_bucket_idx ON shop.orders_in_berlin_p20300101 USING btree (bucket) NULLS NOT DISTINCT;

CREATE UNIQUE INDEX prices_customer_id_bucket_idx ON shop.prices USING btree (customer_id, bucket) NULLS NOT DISTINCT;

ALTER INDEX public.events_event_id_event_time_idx ATTACH PARTITION public.events_default_event_id_event_time_idx;

ALTER INDEX public.events_event_id_event_time_idx ATTACH PARTITION public.events_p2026_11_21_event_id_event_time_idx;

ALTER INDEX public.events_event_id_event_time_idx ATTACH PARTITION public.events_p2026_11_22_event_id_event_time_idx;

ALTER INDEX public.events_event_id_event_time_idx ATTACH PARTITION public.events_p2026_11_23_event_id_event_time_idx;

ALTER INDEX public.events_event_id_event_time_idx ATTACH PARTITION public.events_p2026_11_24_event_id_event_time_idx;

ALTER INDEX public.events_event_id_event_time_idx ATTACH PARTITION public.events_p2026_11_25_event_id_event_time_idx;

ALTER INDEX public.events_event_id_event_time_idx ATTACH PARTITION public.events_p2026_11_26_event_id_event_time_idx;

ALTER INDEX public.events_event_id_event_time_idx ATTACH PARTITION public.events_p2026_11_27_event_id_event_time_idx;

ALTER INDEX public.events_event_id_event_time_idx ATTACH PARTITION public.events_p2026_11_28_event_id_event_time_idx;

ALTER INDEX public.events_event_id_event_time_idx ATTACH PARTITION public.events_p2026_11_29_event_id_event_time_idx;

ALTER INDEX shop.orders_in_berlin_bucket_idx ATTACH PARTITION shop.orders_in_berlin_default_bucket_idx;

ALTER INDEX shop.orders_in_berlin_bucket_idx ATTACH PARTITION shop.orders_in_berlin_p20260101_bucket_idx;

ALTER INDEX shop.orders_in_berlin_bucket_idx ATTACH PARTITION shop.orders_in_berlin_p20270101_bucket_idx;

ALTER INDEX shop.orders_in_berlin_bucket_idx ATTACH PARTITION shop.orders_in_berlin_p20280101_bucket_idx;

ALTER INDEX shop.orders_in_berlin_bucket_idx ATTACH PARTITION shop.orders_in_berlin_p20290101_bucket_idx;

ALTER INDEX shop.orders_in_berlin_bucket_idx ATTACH PARTITION shop.orders_in_berlin_p20300101_bucket_idx;

ALTER TABLE ONLY rollup.rollups
    ADD CONSTRAINT rollups_family_fkey FOREIGN KEY (family) REFERENCES rollup.families(id);

GRANT USAGE ON SCHEMA reports TO upgrade_reader;

GRANT USAGE ON SCHEMA rollup TO PUBLIC;

GRANT USAGE ON SCHEMA rollup_compat TO PUBLIC;

GRANT USAGE ON SCHEMA shop TO upgrade_reader;
GRANT USAGE ON SCHEMA shop TO upgrade_runner;
GRANT USAGE ON SCHEMA shop TO upgrade_writer;

REVOKE ALL ON FUNCTION public.five_minutely_aggregation(max_events bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION public.five_minutely_aggregation(max_events bigint, OUT status text, OUT events bigint, OUT rows bigint, OUT more boolean) TO upgrade_runner;

GRANT SELECT ON TABLE shop.orders_1hr TO upgrade_reader;

GRANT SELECT ON TABLE rollup.rollups TO PUBLIC;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rollup.rollups TO upgrade_runner;

REVOKE ALL ON FUNCTION rollup.drop_rollup(rollup_name text, drop_table boolean) FROM PUBLIC;

GRANT INSERT ON TABLE public.events TO upgrade_writer;
GRANT SELECT ON TABLE public.events TO upgrade_runner;

GRANT USAGE ON SEQUENCE public.events_event_id_seq TO upgrade_writer;
GRANT SELECT ON SEQUENCE public.events_event_id_seq TO upgrade_runner;

GRANT SELECT ON TABLE public.rollup_events_1hr TO upgrade_reader;
GRANT SELECT,INSERT,UPDATE ON TABLE public.rollup_events_1hr TO upgrade_runner;

GRANT SELECT ON TABLE public.rollup_events_1hr_bi TO PUBLIC;

GRANT SELECT ON TABLE rollup.tails TO PUBLIC;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rollup.tails TO upgrade_runner;

GRANT SELECT(hour) ON TABLE public.rollup_events_1hr_live TO upgrade_reader;

GRANT SELECT(event_count) ON TABLE public.rollup_events_1hr_live TO upgrade_reader;

GRANT SELECT ON TABLE public.rollup_events_5min TO upgrade_reader;
GRANT SELECT,INSERT,UPDATE ON TABLE public.rollup_events_5min TO upgrade_runner;

GRANT SELECT ON TABLE public.rollup_events_5min_bi TO PUBLIC;

GRANT SELECT ON TABLE public.rollup_events_5min_live TO upgrade_reader;

GRANT SELECT ON TABLE public.sales_1day_bi TO PUBLIC;

GRANT SELECT ON TABLE public.sales_1hr_bi TO PUBLIC;

GRANT SELECT ON TABLE rollup.backlogs TO PUBLIC;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rollup.backlogs TO upgrade_runner;

GRANT SELECT ON TABLE rollup.runs TO PUBLIC;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rollup.runs TO upgrade_runner;

GRANT SELECT ON TABLE rollup.watermarks TO PUBLIC;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rollup.watermarks TO upgrade_runner;

GRANT SELECT ON TABLE rollup.status TO PUBLIC;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rollup.status TO upgrade_runner;

GRANT SELECT ON TABLE reports.freshness TO upgrade_reader;

GRANT SELECT ON TABLE reports.history TO upgrade_reader;

GRANT SELECT ON TABLE reports.marks TO upgrade_reader;

GRANT INSERT ON TABLE shop.orders TO upgrade_writer;
GRANT SELECT ON TABLE shop.orders TO upgrade_runner;

GRANT SELECT ON TABLE shop.orders_1hr_live TO upgrade_reader;

GRANT SELECT ON TABLE reports.now TO upgrade_reader;

GRANT SELECT ON TABLE shop.orders_1hr_bi TO upgrade_reader WITH GRANT OPTION;

GRANT SELECT ON TABLE reports.revenue TO upgrade_reader;

GRANT SELECT ON TABLE rollup.added_measures TO PUBLIC;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rollup.added_measures TO upgrade_runner;

GRANT SELECT ON TABLE rollup.families TO PUBLIC;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rollup.families TO upgrade_runner;

GRANT USAGE ON SEQUENCE rollup.families_id_seq TO upgrade_runner;

GRANT SELECT,INSERT ON TABLE rollup.loads TO upgrade_loader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rollup.loads TO upgrade_runner;

GRANT SELECT ON TABLE rollup.measures TO PUBLIC;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rollup.measures TO upgrade_runner;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rollup.migrations TO upgrade_runner;

GRANT SELECT ON TABLE rollup.sources TO PUBLIC;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rollup.sources TO upgrade_runner;

GRANT SELECT ON TABLE rollup.retention TO PUBLIC;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rollup.retention TO upgrade_runner;

GRANT USAGE ON SEQUENCE rollup.rollups_id_seq TO upgrade_runner;

GRANT USAGE ON SEQUENCE rollup.runs_id_seq TO upgrade_runner;

GRANT SELECT ON TABLE rollup.samples TO PUBLIC;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rollup.samples TO upgrade_runner;

GRANT SELECT ON TABLE shop."Orders by day" TO upgrade_reader;

GRANT SELECT ON TABLE shop."Orders by day_bi" TO PUBLIC;

GRANT SELECT ON TABLE shop.orders_backwards_bi TO PUBLIC;

GRANT USAGE ON SEQUENCE shop.orders_id_seq TO upgrade_writer;
GRANT SELECT ON SEQUENCE shop.orders_id_seq TO upgrade_runner;

GRANT SELECT ON TABLE shop.orders_in_berlin_bi TO PUBLIC;

GRANT SELECT ON TABLE shop.prices_bi TO PUBLIC;
