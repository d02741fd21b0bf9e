-- The data that the examples in docs/ use: orders of two shops, and a rollup of them by hour.
-- docs/rollups.md creates the same, step by step.
create schema shop;

create table shop.orders (
    order_id  bigint generated always as identity,
    placed_at timestamptz not null,
    shop_id   bigint not null,
    product   text,
    buyer_id  bigint,
    price     numeric(10, 2)
);

create index on shop.orders using brin (order_id) with (pages_per_range = 32, autosummarize = on);

insert into shop.orders (placed_at, shop_id, product, buyer_id, price)
select timestamptz '2024-06-01 08:00Z' + n * interval '37 seconds',
       n % 2 + 1,
       (array['apple', 'bread', 'cheese', null])[case when n % 17 = 0 then 4 else 1 + n * n % 3 % 2 + n % 5 / 4 end],
       n * 7 % 101,
       (n % 40 + 1) / 4.0
  from generate_series(1, 500) n;

select rollup.create_rollup(
    name        => 'orders_by_hour',
    source      => 'shop.orders',
    bucket      => '1 hour',
    tenant      => 'shop_id',
    id_column   => 'order_id',
    time_column => 'placed_at',
    dimensions  => '{product}',
    measures    => '{"orders":  {"count": "*"},
                     "revenue": {"sum": "price"},
                     "buyers":  {"distinct": "buyer_id"}}');

insert into shop.orders (placed_at, shop_id, product, buyer_id, price)
values ('2024-06-01 08:30Z', 1, 'apple', 4711, 2.50);

select * from rollup.run('orders_by_hour');
