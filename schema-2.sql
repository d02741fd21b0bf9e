-- Step 2: the two rollup tables. Running this file again changes nothing.
--
-- The key starts with the tenant and the bucket, so that "the last hour of customer 7" reads only those
-- rows, and treats NULLs as equal: an unknown country is one group, not one for each run. The sketch
-- type has explicit parameters, because sketches with different parameters cannot be merged.

do $$
begin
    if not exists (select from pg_catalog.pg_extension where extname = 'hll') then
        create extension hll schema public;
    end if;
end
$$;

create table if not exists public.rollup_events_5min (
    customer_id            bigint      not null,
    minute                 timestamptz not null,
    event_type             text,
    country                text,
    browser                text,
    event_count            bigint,
    device_distinct_count  hll(11, 5, -1, 1),
    session_distinct_count hll(11, 5, -1, 1),
    top_devices_1000       jsonb
);

create table if not exists public.rollup_events_1hr (
    customer_id            bigint      not null,
    hour                   timestamptz not null,
    event_type             text,
    country                text,
    browser                text,
    event_count            bigint,
    device_distinct_count  hll(11, 5, -1, 1),
    session_distinct_count hll(11, 5, -1, 1),
    top_devices_1000       jsonb
);

-- `if not exists` would wait for a run in progress, and block later runs, even if the index exists.
do $$
begin
    if to_regclass('public.rollup_events_5min_key') is null then
        create unique index rollup_events_5min_key
            on public.rollup_events_5min (customer_id, minute, event_type, country, browser)
            nulls not distinct;
    end if;
    if to_regclass('public.rollup_events_1hr_key') is null then
        create unique index rollup_events_1hr_key
            on public.rollup_events_1hr (customer_id, hour, event_type, country, browser)
            nulls not distinct;
    end if;
end
$$;

comment on table public.rollup_events_5min is
    'Events by customer, 5 minutes (column minute), event type, country and browser.';
comment on table public.rollup_events_1hr is
    'Events by customer, hour, event type, country and browser.';

do $$
declare
    target text;
    is_distributed boolean;
begin
    if not exists (select from pg_catalog.pg_extension where extname = 'citus') then
        return;
    end if;
    foreach target in array array['public.rollup_events_5min', 'public.rollup_events_1hr'] loop
        execute 'select exists (select from pg_catalog.pg_dist_partition where logicalrelid = $1)'
            into is_distributed using target::regclass;
        if not is_distributed then
            perform pg_catalog.create_distributed_table(target::regclass, 'customer_id',
                                                    colocate_with => 'public.events');
        end if;
    end loop;
end
$$;
