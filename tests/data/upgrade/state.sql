-- What users of 0.1.0 did with it: make.py runs this after `rollupctl install --example sales`, in
-- parts that begin with a line "-- part: …", and does between them what one session cannot.

-- part: declare
create schema shop;
create table shop.orders (
    id          bigserial   primary key,
    ordered_at  timestamptz not null,
    customer_id bigint      not null,
    country     text,
    "Product"   text,
    amount      integer,
    price       numeric
);
select rollup.create_rollup(
    name => 'orders_1hr', source => 'shop.orders', bucket => '1 hour', id_column => 'id',
    time_column => 'ordered_at', dimensions => '{country}',
    measures => '{"orders": {"count": "*"}, "revenue": {"sum": "price"}, "price": {"avg": "price"},
                  "latest": {"last": "price"}, "buyers": {"distinct": "customer_id"},
                  "products": {"top": "\"Product\"", "counters": 10}}');
select rollup.create_rollup(
    name => 'Orders by day', source => 'shop.orders', bucket => '1 day', id_column => 'id',
    time_column => 'ordered_at', dimensions => '{country}',
    measures => '{"orders": {"count": "*"}, "revenue": {"sum": "price"}, "price": {"avg": "price"},
                  "latest": {"last": "price"}, "buyers": {"distinct": "customer_id"},
                  "products": {"top": "\"Product\"", "counters": 10}}');
select rollup.create_rollup(
    name => 'orders_in_berlin', source => 'shop.orders', bucket => '1 month', id_column => 'id',
    time_column => 'ordered_at', time_zone => 'Europe/Berlin', tenant => null,
    partition_interval => '1 year', keep => '20 years',
    measures => '{"most": {"max": "price"}}');
select rollup.create_rollup(
    name => 'prices', source => 'shop.orders', bucket => '1 day', id_column => 'id',
    time_column => 'ordered_at', measures => '{"ratio": {"sum": "price / amount"}}');

-- part: events
insert into events (event_time, customer_id, event_type, country, browser, device_id, session_id,
                    product_id, category, quantity, amount, currency, user_id)
select date_trunc('day', now()) + i * interval '17 minutes', 1 + i % 3,
       (array['view', 'order', 'refund'])[1 + i % 3], (array['de', 'fr', null])[1 + i % 3], 'firefox', i % 7, i % 11,
       'p' || i % 4, 'books', 1, 10 + i, 'EUR', 'u' || i % 5
  from generate_series(1, 40) i;
insert into shop.orders (ordered_at, customer_id, country, "Product", amount, price)
select timestamptz '2024-03-30 20:00Z' + i * interval '5 hours', 1 + i % 3,
       (array['de', 'fr', null])[1 + i % 3], 'P' || i % 4, 2, i * 1.25
  from generate_series(1, 30) i;

-- part: more
insert into events (event_time, customer_id, event_type, country, browser, device_id, session_id)
select date_trunc('day', now()) + i * interval '19 minutes', 1 + i % 3, 'view', 'de', 'opera', i % 5, 20 + i
  from generate_series(1, 20) i;
insert into shop.orders (ordered_at, customer_id, country, "Product", amount, price)
select timestamptz '2024-04-03 00:00Z' + i * interval '3 hours', 1 + i % 3, 'de', 'P' || i % 3, 3, i * 0.75
  from generate_series(1, 10) i;

-- part: alter
select rollup.alter_rollup('rollup_events_1hr', add_measures => '{"last_session": {"max": "session_id"}}');
select rollup.set_retention('public.events', '10 years');
select rollup.set_retention('rollup_events_5min', '5 years');

-- part: uncounted
insert into events (event_time, customer_id, event_type, country, browser, device_id, session_id)
select date_trunc('day', now()) + i * interval '29 minutes', 1 + i % 3, 'view', 'fr', 'lynx', i % 5, 50 + i
  from generate_series(1, 15) i;
insert into shop.orders (ordered_at, customer_id, country, "Product", amount, price)
select timestamptz '2024-05-03 00:00Z' + i * interval '7 hours', 1 + i % 3, 'es', 'P' || i % 3, 1, i * 2.5
  from generate_series(1, 12) i;

-- Filled from the newest order back: everything that there is becomes its backlog.
select rollup.create_rollup(
    name => 'orders_backwards', source => 'shop.orders', bucket => '6 hours', id_column => 'id',
    time_column => 'ordered_at', newest_first => true, measures => '{"orders": {"count": "*"}}');
select rollup.run('orders_backwards', 10);

-- part: grants
-- As docs/operations.md describes roles, and two things that owners may have decided otherwise.
grant usage on schema shop to upgrade_reader, upgrade_runner, upgrade_writer;
grant insert on events, shop.orders to upgrade_writer;
grant usage on sequence events_event_id_seq, shop.orders_id_seq to upgrade_writer;
grant select, insert on rollup.loads to upgrade_loader;
grant select on rollup_events_5min, rollup_events_1hr, shop.orders_1hr, shop."Orders by day",
    rollup_events_5min_live, shop.orders_1hr_live to upgrade_reader;
grant select (hour, event_count) on rollup_events_1hr_live to upgrade_reader;
grant select on events, shop.orders to upgrade_runner;
grant select, insert, update, delete on all tables in schema rollup to upgrade_runner;
grant usage on all sequences in schema rollup to upgrade_runner;
grant select on sequence events_event_id_seq, shop.orders_id_seq to upgrade_runner;
grant select, insert, update on rollup_events_5min, rollup_events_1hr to upgrade_runner;
revoke select on shop.orders_1hr_bi from public;
grant select on shop.orders_1hr_bi to upgrade_reader with grant option;
revoke execute on function rollup.drop_rollup(text, boolean) from public;
revoke execute on function five_minutely_aggregation(bigint) from public;
grant execute on function five_minutely_aggregation(bigint) to upgrade_runner;

-- part: views
create schema reports;
grant usage on schema reports to upgrade_reader;
create view reports.revenue as select bucket, country, revenue, price, buyers from shop.orders_1hr_bi;
create view reports.now as select bucket, country, orders from shop.orders_1hr_live;
create view reports.freshness as select name, lag_events, lag_seconds, last_status from rollup.status;
create view reports.history as select rollup, status, started_at, events from rollup.runs;
create view reports.marks as select rollup, last_id from rollup.watermarks;
grant select on all tables in schema reports to upgrade_reader;
create function reports.busiest(tenant bigint) returns table (item text, number numeric)
    language sql stable
begin atomic
    select t.item, t.value from shop.orders_1hr r, lateral rollup.top(r.products, 3) t
     where r.customer_id = tenant order by 2 desc, 1;
end;
