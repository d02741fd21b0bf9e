-- Step 1: the events table, its partitions and its distribution.
--
-- The partition interval is a setting, by default '1 day'. For the tutorial's 5 minutes:
--     set rollup.partition_interval = '5 minutes';
--     \i schema-1.sql
-- Running this file again changes nothing.

create table if not exists public.events (
    event_id    bigserial   not null,
    event_time  timestamptz not null default now(),
    customer_id bigint      not null,
    event_type  text,
    country     text,
    browser     text,
    device_id   bigint,
    session_id  bigint
)
partition by range (event_time);

-- A run reads only the blocks with new ids, regardless of the size of the history. BRIN costs writers
-- very little, whereas a B-tree would cost COPY almost half of its speed.
do $$
begin
    -- For Citus, on a distributed table: a single connection to each node for all of the following.
    perform set_config('citus.multi_shard_modify_mode', 'sequential', true);
    -- `if not exists` would wait for open writers, and block others, even if the index exists.
    if to_regclass('public.events_event_id_event_time_idx') is null then
        create index events_event_id_event_time_idx
            on public.events using brin (event_id, event_time)
            with (pages_per_range = 32, autosummarize = on);
    end if;
end
$$;

comment on table public.events is
    'Raw events, partitioned by event_time and sharded by customer_id. Leave event_id out of '
    'every insert: rollups find new events by the order in which its sequence hands out ids.';

-- Columns for products in addition to the tutorial's. Values that rollups group by or add up have a
-- column; all others go into properties. An existing table is altered without a rewrite, and NULLs take
-- no space. The checks reject values that would spoil a sum permanently (NaN, infinity) or split it in
-- two (eur and EUR).
do $$
declare
    missing text;
    lock_timeout_before constant text := current_setting('lock_timeout');
begin
    select string_agg(format('add column %I %s', w.name, w.type), ', ' order by w.place)
      into missing
      from (values
        (1,  'user_id',    'text'),
        (2,  'path',       'text'),
        (3,  'source',     'text'),
        (4,  'campaign',   'text'),
        (5,  'product_id', 'text'),
        (6,  'category',   'text'),
        (7,  'quantity',   'integer'),
        (8,  'amount',     'numeric constraint events_amount_is_a_number check (amount < ''infinity'' and amount > ''-infinity'')'),
        (9,  'currency',   'text constraint events_currency_is_a_code check (currency operator(pg_catalog.~) ''^[A-Z]{3}$'')'),
        (10, 'value',      'double precision constraint events_value_is_a_number check (value < ''infinity'' and value > ''-infinity'')'),
        (11, 'status',     'text'),
        (12, 'properties', 'jsonb')) w (place, name, type)
     where not exists (select from pg_catalog.pg_attribute a
                        where a.attrelid = 'public.events'::regclass and a.attname = w.name);
    if missing is not null then
        -- All writers queue behind this while it waits for an open one, so the wait is short.
        perform set_config('lock_timeout', '3s', true);
        perform set_config('citus.multi_shard_modify_mode', 'sequential', true);
        execute format('alter table public.events %s', missing);
        perform set_config('lock_timeout', lock_timeout_before, true);
    end if;
end
$$;

comment on column public.events.user_id is 'Who it was, where that is known.';
comment on column public.events.path is 'The page or screen.';
comment on column public.events.source is 'Where the visitor came from: a search engine, a newsletter.';
comment on column public.events.campaign is 'What made the visitor come.';
comment on column public.events.product_id is 'What was seen, put into the cart, bought or sent back.';
comment on column public.events.category is 'What kind of product that is.';
comment on column public.events.quantity is 'How many of it; below zero when they come back.';
comment on column public.events.amount is
    'Money, in the currency that stands beside it; below zero when it is paid back.';
comment on column public.events.currency is
    'Three capital letters, as in ISO 4217: EUR. Amounts in different ones do not add up.';
comment on column public.events.value is 'Any other number: seconds, a score, a length.';
comment on column public.events.status is 'What became of it: paid, failed, shipped.';
comment on column public.events.properties is
    'All the rest. What a rollup groups by or adds up is faster, and checked, as a column.';

-- pg_partman creates the partitions where the server offers it and this role may create it; elsewhere the package does. An
-- extension that an administrator has created, in any schema, is used as it is.
--
-- Its functions store the schema's name with the current quoting, also in literals.
do $$
declare
    quoting constant text := current_setting('quote_all_identifiers');
begin
    if exists (select from pg_catalog.pg_extension where extname = 'pg_partman')
       or not exists (select from pg_catalog.pg_available_extensions where name = 'pg_partman') then
        return;
    end if;
    perform set_config('quote_all_identifiers', 'off', true);
    begin
        create schema if not exists partman;
        create extension pg_partman schema partman;
    exception when insufficient_privilege then
        null;
    end;
    perform set_config('quote_all_identifiers', quoting, true);
end
$$;

-- The package is installed before the partitions that it creates. (rollupctl always installs it first.)
\ir sql/prepare/if_no_partman.psql

do $$
declare
    wanted constant text := nullif(current_setting('rollup.partition_interval', true), '');
begin
    begin
        if wanted ~ '(^|[[:space:]])[-+]?[0-9.]+[[:space:]]*$' then
            raise exception using
                errcode = 'invalid_parameter_value',
                message = format('rollup.partition_interval has no unit: %L', wanted),
                hint = 'set rollup.partition_interval = ''1 day''';
        end if;
        if wanted::interval <= interval '0' then
            raise exception using
                errcode = 'invalid_parameter_value',
                message = format('rollup.partition_interval must be longer than zero, not %L', wanted),
                hint = 'set rollup.partition_interval = ''1 day''';
        end if;
    exception when invalid_datetime_format then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('rollup.partition_interval is not an interval: %L', wanted),
            hint = 'set rollup.partition_interval = ''1 day''';
    end;
end
$$;

-- On Citus distribute first, then partition: later partitions are distributed with the table.
do $$
declare
    is_distributed boolean;
begin
    if exists (select from pg_catalog.pg_extension where extname = 'citus') then
        execute 'select exists (select from pg_catalog.pg_dist_partition
                                 where logicalrelid = ''public.events''::regclass)' into is_distributed;
        if not is_distributed then
            perform pg_catalog.create_distributed_table('public.events', 'customer_id');
        end if;
    end if;
end
$$;

-- Partitions that the package has begun to create remain its own.
do $$
declare
    wanted constant text := nullif(current_setting('rollup.partition_interval', true), '');
    partman_version constant int :=
        (select split_part(extversion, '.', 1) from pg_catalog.pg_extension where extname = 'pg_partman');
    partman_schema constant name :=
        (select n.nspname from pg_catalog.pg_extension x
           join pg_catalog.pg_namespace n on n.oid = x.extnamespace where x.extname = 'pg_partman');
    time_zone constant text := current_setting('timezone');
    date_style constant text := current_setting('datestyle');
    quoting constant text := current_setting('quote_all_identifiers');
    is_partitioned boolean := false;
    partitioned_to text;
    has_default boolean;
begin
    if exists (select from pg_catalog.pg_attribute
                where attrelid = to_regclass('rollup_internal.sources') and attname = 'partition_interval') then
        execute 'select exists (select from rollup_internal.sources
                                 where source = ''public.events''::regclass and partition_interval is not null)'
           into is_partitioned;
    end if;
    if is_partitioned then
        return;
    end if;
    if partman_schema is null then
        perform rollup.set_partition_interval('public.events', coalesce(
                    wanted::interval, rollup_internal.partition_width('public.events'), '1 day'));
        return;
    end if;

    execute format('select exists (select from %I.part_config where parent_table = ''public.events'')',
                   partman_schema) into is_partitioned;
    if not is_partitioned then
        -- Partitions begin and are named by UTC: the time zone may differ between sessions, and a name that
        -- is taken would leave a gap.
        perform set_config('timezone', 'UTC', true);
        -- Citus passes times to its workers in the session's DateStyle.
        perform set_config('datestyle', 'ISO, MDY', true);
        perform set_config('quote_all_identifiers', 'off', true);
        -- Partitions that pg_partman does not know of come from a dump of another version of it: its own tables
        -- do not restore, and it names partitions differently. It goes on where they end.
        select max((regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO [(]''([^'']+)'''))[1]::timestamptz),
               coalesce(bool_or(pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'), false)
          into partitioned_to, has_default
          from pg_catalog.pg_inherits i
          join pg_catalog.pg_class c on c.oid = i.inhrelid
         where i.inhparent = 'public.events'::regclass;
        if has_default and partman_version < 5 then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = 'pg_partman 4 cannot take over the partitions that public.events has',
                detail = 'It has no configuration for the table, and creates a default partition of its own.',
                hint = 'Restore partman.part_config from the dump of the table, or install pg_partman 5.';
        end if;
        -- pg_partman 4 calls declarative partitioning "native", version 5 "range".
        execute format(
            'select %I.create_parent(p_parent_table => ''public.events'', p_control => ''event_time'',
                                     p_interval => %L, p_type => %L, p_premake => 4, p_start_partition => %L%s)',
            partman_schema, coalesce(wanted, '1 day'), case when partman_version >= 5 then 'range' else 'native' end, partitioned_to,
            case when has_default then ', p_default_table => false' end);
        -- Partitions are created in advance even if no events arrive.
        execute format('update %I.part_config set infinite_time_partitions = true
                         where parent_table = ''public.events''', partman_schema);
        perform set_config('timezone', time_zone, true);
        perform set_config('datestyle', date_style, true);
        perform set_config('quote_all_identifiers', quoting, true);
    end if;
end
$$;
