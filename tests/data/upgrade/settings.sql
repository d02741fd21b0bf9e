-- What pg_dump leaves out of a dump of one database: its settings, and the settings of pg_partman, which
-- this dump omits because versions 4 and 5 write them differently.
do $$
begin
    execute format('alter database %I set search_path = "$user", public, rollup_compat', current_database());
    execute format('alter database %I set rollup.max_wait = %L', current_database(), '5s');
end
$$;

insert into partman.part_config (parent_table, control, partition_interval, partition_type, premake,
                                 template_table, datetime_string, infinite_time_partitions)
select 'public.events', 'event_time', '1 day', case when extversion like '4.%' then 'native' else 'range' end, 4,
       'partman.template_public_events', 'YYYY_MM_DD', true
  from pg_catalog.pg_extension
 where extname = 'pg_partman';
