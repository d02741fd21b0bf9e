-- Run after dump.sql and settings.sql on a Citus coordinator: makes of the database what 0.1.0 would have
-- made there. The events and what counts them are distributed; the orders stay a local table.
select create_distributed_table('public.events', 'customer_id');
select create_distributed_table(c, 'customer_id', colocate_with => 'public.events')
  from unnest('{public.rollup_events_5min,public.rollup_events_1hr,public.sales_1hr,public.sales_1day}'::regclass[]) c;
select create_reference_table('rollup.tails');

-- Generated functions and views once more, as every install of 0.1.0 did.
do $$
declare
    rollup_name text;
    family_id bigint;
begin
    for rollup_name in select name from rollup.rollups order by id loop
        perform rollup.create_function(rollup_name);
        perform rollup.create_views(rollup_name);
    end loop;
    for family_id in select id from rollup.families order by id loop
        perform rollup.create_family(family_id);
    end loop;
end
$$;

-- That has granted what was revoked.
revoke select on shop.orders_1hr_bi from public;
